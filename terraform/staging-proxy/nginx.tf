locals {
  nginx_version = try(sum([for index, part in split(".", var.nginx.version) : tonumber(part) * pow(1000, 2 - index)]), 0)

  # From 1.27.3 on nginx looks a name up at run time and keeps connections; before, it is one or the other.
  keeps_connections = local.nginx_version >= 1027003

  # A folder of its own within the one that nginx may write to anyway.
  connections_folder = coalesce(var.nginx.connections_folder, "${var.nginx.temp_folder}/connections")

  wake_function_host = trimprefix(var.dormouse.wake_function_url, "https://")
  resolver           = var.nginx.resolver != null ? var.nginx.resolver : one(data.kubernetes_service_v1.dns[*].spec[0].cluster_ip)
  visitors           = jsondecode(file("${path.module}/visitors.json"))

  # An empty list, joined, would match everybody; (?!) matches nobody.
  known_robots      = join("|", local.visitors.robotAgents)
  robot_agents      = join("|", var.visitors.robot_agents)
  ignored_paths     = join("|", concat(local.visitors.ignoredPaths, var.visitors.ignored_paths))
  development_paths = join("|", concat(local.visitors.developmentPaths, var.visitors.development_paths))

  nginx_conf = templatefile("${path.module}/nginx.conf.tftpl", {
    listen                  = var.nginx.listen
    relay_port              = var.nginx.relay_port
    again_port              = var.nginx.again_port
    resolver                = local.resolver
    service_domain          = "${var.dormouse.branch_namespace}.svc.${var.nginx.cluster_domain}:${var.nginx.service_port}"
    wake_function_scheme    = "https"
    wake_function_host      = local.wake_function_host
    wake_function_authority = local.keeps_connections ? "wake_function" : "${local.wake_function_host}:443"
    wake_function_server    = local.keeps_connections ? "${local.wake_function_host}:443 resolve" : "127.0.0.1:9 down"
    wake_function_audience  = var.dormouse.wake_function_url
    ca_certificates         = var.nginx.ca_certificates
    # The metadata server by its address: a name would depend on DNS.
    metadata_host         = "169.254.169.254"
    identity_cache_time   = "1m"
    touches_per_minute    = var.limits.touches_per_minute
    background_per_minute = 1
    heartbeats_per_minute = 1
    known_robots          = local.known_robots
    robot_agents          = local.robot_agents == "" ? "^(?!)" : local.robot_agents
    ignored_paths         = local.ignored_paths == "" ? "(?!)" : local.ignored_paths
    development_paths     = local.development_paths == "" ? "(?!)" : local.development_paths
    trusted_proxies       = join("\n    ", [for network in var.visitors.trusted_proxies : "proxy ${network};"])
    ignored_networks      = join("\n    ", [for network in var.visitors.ignored_networks : "${network} 1;"])
    application_timeout   = var.nginx.application_timeout
    hold_limit_seconds    = var.dormouse.hold_limit_seconds
    held_per_branch       = var.limits.held_per_branch
    held_in_all           = var.dormouse.held_in_all
    progress_per_branch   = var.limits.progress_per_branch
    wake_header           = lower(replace(var.visitors.wake_header, "-", "_"))
    worker_processes      = "auto"
    worker_connections    = 16384
    open_files            = 20000
    njs_module            = var.nginx.njs_module
    config_folder         = var.nginx.config_folder
    temp_folder           = var.nginx.temp_folder
    connections_folder    = local.connections_folder
    pid_file              = var.nginx.pid_file
    error_log             = var.nginx.error_log
    access_log            = var.nginx.access_log
  })

  files = merge(
    { "nginx.conf" = local.nginx_conf },
    { for name in fileset(path.module, "*.{conf,js}") : name => file("${path.module}/${name}") },
  )
}

# The cluster's DNS, by its address.
data "kubernetes_service_v1" "dns" {
  count = var.nginx.resolver == null ? 1 : 0

  metadata {
    name      = "kube-dns"
    namespace = "kube-system"
  }
}

resource "kubernetes_config_map_v1" "this" {
  count = var.config_map ? 1 : 0

  metadata {
    name      = var.name
    namespace = local.namespace
  }

  data = local.files
}
