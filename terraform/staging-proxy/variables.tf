variable "dormouse" {
  description = "The root module's output `staging_proxy`."
  type = object({
    wake_function_url      = string
    google_service_account = string
    branch_namespace       = string
    namespace              = string
    service_account        = string
    replicas               = number
    max_replicas           = optional(number)
    held_in_all            = number
    hold_limit_seconds     = number
  })

  validation {
    condition     = can(regex("^https://[^/:]+$", var.dormouse.wake_function_url))
    error_message = "dormouse.wake_function_url must be https://HOST, the function's run.app address without a path: take the output `staging_proxy` as it is."
  }
}

variable "name" {
  description = "Name of the ConfigMap, and of everything else that runs here."
  type        = string
  default     = "staging-proxy"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,50}[a-z0-9])?$", var.name))
    error_message = "name must have at most 52 characters of a-z, 0-9 and \"-\", and begin with a letter."
  }
}

variable "nginx" {
  description = "Where nginx is and what it finds there. `version` is that of the official image, or of your own nginx (1.22 or newer, with njs). `resolver` is the cluster's DNS, by default the address of the Service kube-system/kube-dns. `service_port` is the branches' Services' port. `connections_folder` holds an empty file for each open socket, by default `connections` in `temp_folder`: empty it before nginx starts, best by a tmpfs."
  type = object({
    version             = optional(string, "1.31.5")
    listen              = optional(string, "8080")
    resolver            = optional(string)
    cluster_domain      = optional(string, "cluster.local")
    service_port        = optional(number, 80)
    relay_port          = optional(number, 8199)
    again_port          = optional(number, 8198)
    application_timeout = optional(string, "1h")
    config_folder       = optional(string, "/etc/staging-proxy")
    temp_folder         = optional(string, "/var/cache/staging-proxy")
    connections_folder  = optional(string)
    pid_file            = optional(string, "/var/cache/staging-proxy/nginx.pid")
    njs_module          = optional(string, "/usr/lib/nginx/modules/ngx_http_js_module.so")
    ca_certificates     = optional(string, "/etc/ssl/certs/ca-certificates.crt")
    error_log           = optional(string, "/dev/stderr")
    access_log          = optional(string, "/dev/stdout")
  })
  default = {}

  validation {
    condition     = can(regex("^[0-9]+[.][0-9]+[.][0-9]+$", var.nginx.version)) && try(tonumber(split(".", var.nginx.version)[0]) * 1000 + tonumber(split(".", var.nginx.version)[1]) >= 1022, false)
    error_message = "nginx.version must be three numbers such as \"1.31.5\", and 1.22.0 or newer."
  }

  validation {
    condition     = var.nginx.resolver == null || can(regex("^[0-9a-fA-F.:]+( [0-9a-fA-F.:]+)*$", var.nginx.resolver))
    error_message = "nginx.resolver must be one or more IP addresses, separated by blanks: a name would have to be looked up before nginx could start."
  }

  validation {
    condition     = var.nginx.relay_port != var.nginx.again_port
    error_message = "nginx.relay_port and nginx.again_port must differ."
  }

  validation {
    condition     = can(regex("^[0-9]+(ms|s|m|h|d)?$", var.nginx.application_timeout))
    error_message = "nginx.application_timeout must be a time in nginx's notation, such as \"1h\" or \"90s\"."
  }
}

variable "limits" {
  description = "Visits that are told per branch and minute, requests that may wait per branch, waiting pages that may listen per branch."
  type = object({
    touches_per_minute  = optional(number, 4)
    held_per_branch     = optional(number, 1100)
    progress_per_branch = optional(number, 20)
  })
  default = {}

  validation {
    condition     = var.limits.touches_per_minute >= 1 && var.limits.touches_per_minute <= 60
    error_message = "limits.touches_per_minute must be from 1 to 60: with fewer, a visit might be heard of too late."
  }

  validation {
    condition     = var.limits.held_per_branch >= 1 && var.limits.held_per_branch <= var.dormouse.held_in_all
    error_message = "limits.held_per_branch must be from 1 to what may be held in all (proxies.held_in_all of the root module)."
  }
}

variable "visitors" {
  description = "Who is no visitor, beside those of visitors.json: regular expressions of user agents, of paths, and of paths that the open page of a development server asks for by itself; networks. `trusted_proxies` are the networks whose X-Forwarded-For is believed. Who sends `wake_header` is a visitor whatever he is."
  type = object({
    robot_agents      = optional(list(string), [])
    ignored_paths     = optional(list(string), [])
    development_paths = optional(list(string), [])
    ignored_networks  = optional(list(string), [])
    trusted_proxies   = optional(list(string), [])
    wake_header       = optional(string, "X-Dormouse-Wake")
  })
  default = {}

  validation {
    condition = alltrue([
      for pattern in concat(var.visitors.robot_agents, var.visitors.ignored_paths, var.visitors.development_paths) :
      can(regex("^[^\"\n]+$", pattern))
    ])
    error_message = "visitors: every pattern must be a regular expression without quotation marks and line breaks, and not empty: an empty one would match everybody."
  }

  validation {
    condition     = alltrue([for network in concat(var.visitors.ignored_networks, var.visitors.trusted_proxies) : can(cidrhost(network, 0))])
    error_message = "visitors.ignored_networks and visitors.trusted_proxies must be networks such as \"10.0.0.0/8\"; one address is \"192.0.2.1/32\"."
  }

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]*$", var.visitors.wake_header))
    error_message = "visitors.wake_header must be the name of a header, such as \"X-Dormouse-Wake\"."
  }
}

variable "host_suffixes" {
  description = "Domains of the branches, such as `gyazo.example` for my-branch--g.gyazo.example: an Ingress sends `*.DOMAIN` to staging-proxy. Leave it empty if your load balancer does. Needs `run`."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for suffix in var.host_suffixes : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", suffix))])
    error_message = "host_suffixes must be domains in lower case, such as \"gyazo.example\": no \"*.\", no dot before or after, no \"--g\"."
  }

  validation {
    condition = alltrue([
      for index, suffix in var.host_suffixes : !anytrue([
        for other_index, other in var.host_suffixes : index != other_index && (suffix == other || endswith(suffix, ".${other}"))
      ])
    ])
    error_message = "host_suffixes overlap: ${join("; ", [for pair in setproduct(var.host_suffixes, var.host_suffixes) : "leave out \"${pair[0]}\", which \"${pair[1]}\" covers" if endswith(pair[0], ".${pair[1]}")])}${length(distinct(var.host_suffixes)) < length(var.host_suffixes) ? " one is there twice; write it once" : ""}."
  }

  validation {
    condition     = length(var.host_suffixes) == 0 || var.run != null
    error_message = "host_suffixes need a staging-proxy to send them to: set run = {}, or leave them to your own load balancer."
  }
}

variable "run" {
  description = "Runs a ready staging-proxy; null (the default) only renders the configuration. `image` defaults to the official one of nginx.version; another one must stop by SIGQUIT as that one does. `spool` is the disk for bodies of requests that wait. `allow_from` are the networks that may reach it: Google's load balancers by default."
  type = object({
    image            = optional(string)
    create_namespace = optional(bool, true)
    cpu              = optional(string, "250m")
    memory           = optional(string, "1Gi")
    spool            = optional(string, "10Gi")
    allow_from       = optional(list(string), ["35.191.0.0/16", "130.211.0.0/22"])
    ingress_class    = optional(string, "gce")
  })
  default = null

  validation {
    condition     = var.run == null || try(length([for network in var.run.allow_from : cidrhost(network, 0)]) > 0, false)
    error_message = "run.allow_from must be one or more networks such as \"10.0.0.0/8\": an empty list would let everybody in."
  }

  validation {
    condition     = var.run == null || can(regex("^[0-9]+$", var.nginx.listen)) && try(tonumber(var.nginx.listen) >= 1024, false)
    error_message = "nginx.listen must be a port from 1024 on if staging-proxy runs here: it does not run as root."
  }
}

variable "config_map" {
  description = "Whether the configuration is put into the cluster as a ConfigMap. A staging-proxy that runs here needs it."
  type        = bool
  default     = true

  validation {
    condition     = var.config_map || var.run == null
    error_message = "config_map must be true with run, which mounts it."
  }
}
