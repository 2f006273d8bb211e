# What is rendered, and what runs.

mock_provider "kubernetes" {
  override_during = plan

  mock_data "kubernetes_service_v1" {
    defaults = { spec = [{ cluster_ip = "10.8.0.10" }] }
  }
}

variables {
  dormouse = {
    wake_function_url      = "https://dormouse-wake-abc.a.run.app"
    google_service_account = "proxy@team-staging.iam.gserviceaccount.com"
    branch_namespace       = "branches"
    namespace              = "staging-proxy"
    service_account        = "staging-proxy"
    replicas               = 2
    held_in_all            = 4000
    hold_limit_seconds     = 25
  }
}

run "configuration_only" {
  command = plan

  assert {
    condition     = toset(keys(output.files)) == toset(["nginx.conf", "identity.js", "open-connections.js", "ask-function.conf", "describe-visitor.conf"])
    error_message = "nginx.conf, and all that it names"
  }

  assert {
    condition = (
      strcontains(output.files["nginx.conf"], "resolver 10.8.0.10 ")
      && strcontains(output.files["nginx.conf"], "default wake_function;")
      && strcontains(output.files["nginx.conf"], "server dormouse-wake-abc.a.run.app:443 resolve max_fails=0;")
      && strcontains(output.files["nginx.conf"], "http://$branch.branches.svc.cluster.local:80;")
      && strcontains(output.files["nginx.conf"], "audience=https://dormouse-wake-abc.a.run.app;")
    )
    error_message = "the cluster's DNS, the function's address, the branches' Services"
  }

  assert {
    condition     = kubernetes_config_map_v1.this[0].data == tomap(output.files) && output.config_map == "staging-proxy" && output.service == null
    error_message = "in a ConfigMap"
  }

  assert {
    condition = (
      length(kubernetes_deployment_v1.this) == 0 && length(kubernetes_service_v1.this) == 0 && length(kubernetes_namespace_v1.this) == 0
      && length(kubernetes_service_account_v1.this) == 0 && length(kubernetes_pod_disruption_budget_v1.this) == 0
      && length(kubernetes_network_policy_v1.this) == 0 && length(kubernetes_ingress_v1.this) == 0
    )
    error_message = "and nothing runs"
  }
}

run "nginx_of_another_kind" {
  command = plan

  variables {
    config_map = false
    nginx      = { version = "1.27.2", listen = "127.0.0.1:80", resolver = "10.0.0.10 10.0.0.11", service_port = 8080, cluster_domain = "k8s.example" }
    limits     = { touches_per_minute = 60, held_per_branch = 4000, progress_per_branch = 1 }
    visitors = {
      robot_agents      = ["^our-monitor/"]
      ignored_paths     = ["/healthz"]
      development_paths = ["/poll(?:/.*)?"]
      ignored_networks  = ["192.0.2.0/24", "198.51.100.7/32"]
      trusted_proxies   = ["35.191.0.0/16"]
      wake_header       = "X-CI"
    }
  }

  assert {
    condition     = length(kubernetes_config_map_v1.this) == 0 && length(data.kubernetes_service_v1.dns) == 0 && output.config_map == null
    error_message = "nothing is asked of the cluster"
  }

  assert {
    condition = alltrue([for line in [
      "resolver 10.0.0.10 10.0.0.11 ", "listen 127.0.0.1:80 ", "default dormouse-wake-abc.a.run.app:443;", "server 127.0.0.1:9 down ",
      "http://$branch.branches.svc.k8s.example:8080;", "rate=60r/m;", "limit_conn held_branch 4000;", "limit_conn progress 1;",
      "(?:^our-monitor/)", "|/healthz", "|/poll(?:/.*)?", "    192.0.2.0/24 1;\n    198.51.100.7/32 1;", "    proxy 35.191.0.0/16;", "$http_x_ci ",
    ] : strcontains(output.files["nginx.conf"], line)])
    error_message = "all that was said"
  }
}

run "oldest_nginx_that_looks_names_up" {
  command = plan

  variables {
    nginx = { version = "1.27.3" }
  }

  assert {
    condition     = strcontains(output.files["nginx.conf"], ":443 resolve ")
    error_message = "keeps connections to a name"
  }
}

run "ready_proxy" {
  command = plan

  variables {
    run           = {}
    host_suffixes = ["gyazo.example", "staging.example.com", "my-gyazo.example"]
  }

  assert {
    condition = (
      kubernetes_deployment_v1.this[0].spec[0].replicas == "2"
      && kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].container[0].image == "nginx:1.31.5"
      && kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].termination_grace_period_seconds == 55
      && kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].service_account_name == "staging-proxy"
      && kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].security_context[0].run_as_non_root
      && kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].container[0].security_context[0].read_only_root_filesystem
    )
    error_message = "two pods that may do little, and end no sooner than those who wait"
  }

  assert {
    condition = (
      kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].container[0].readiness_probe[0].http_get[0].path == "/.dormouse/health"
      && kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].container[0].liveness_probe[0].http_get[0].path == "/.dormouse/health"
      && tonumber(kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].container[0].readiness_probe[0].http_get[0].port) == 8080
      && kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].container[0].readiness_probe[0].period_seconds <= 60
    )
    error_message = "probes are the heartbeat, which is due once a minute"
  }

  assert {
    condition = (
      [for volume in kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].volume : volume.empty_dir[0].medium if volume.name == "connections"] == ["Memory"]
      && [for mount in kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].container[0].volume_mount : mount.mount_path if mount.name == "connections"] == ["/var/cache/staging-proxy/connections"]
      && kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].container[0].command == tolist(["sh", "-c", "find \"$0\" -type f -delete; exec nginx \"$@\"", "/var/cache/staging-proxy/connections"])
      && strcontains(output.files["nginx.conf"], "default \"/var/cache/staging-proxy/connections\";")
    )
    error_message = "open sockets are noted in memory, in a folder that is empty when nginx starts"
  }

  assert {
    condition = (
      kubernetes_service_account_v1.this[0].metadata[0].annotations["iam.gke.io/gcp-service-account"] == "proxy@team-staging.iam.gserviceaccount.com"
      && kubernetes_service_account_v1.this[0].metadata[0].namespace == "staging-proxy"
      && kubernetes_namespace_v1.this[0].metadata[0].name == "staging-proxy"
      && !kubernetes_service_account_v1.this[0].automount_service_account_token
    )
    error_message = "an identity and a namespace of its own"
  }

  assert {
    condition = (
      kubernetes_pod_disruption_budget_v1.this[0].spec[0].max_unavailable == "1"
      && kubernetes_network_policy_v1.this[0].spec[0].policy_types == tolist(["Ingress"])
      && [for from in kubernetes_network_policy_v1.this[0].spec[0].ingress[0].from : from.ip_block[0].cidr] == ["35.191.0.0/16", "130.211.0.0/22"]
      && tonumber(kubernetes_service_v1.this[0].spec[0].port[0].target_port) == 8080
      && output.service == { namespace = "staging-proxy", name = "staging-proxy", port = 80 }
      && length(kubernetes_horizontal_pod_autoscaler_v2.this) == 0
    )
    error_message = "reached by load balancers, and drained one by one"
  }

  assert {
    condition     = [for rule in kubernetes_ingress_v1.this[0].spec[0].rule : rule.host] == ["*.gyazo.example", "*.staging.example.com", "*.my-gyazo.example"]
    error_message = "every domain's branches"
  }
}

run "autoscaled_in_a_namespace_that_is_there" {
  command = plan

  variables {
    dormouse = {
      wake_function_url      = "https://dormouse-wake-abc.a.run.app"
      google_service_account = "proxy@team-staging.iam.gserviceaccount.com"
      branch_namespace       = "branches"
      namespace              = "edge"
      service_account        = "staging-proxy"
      replicas               = 2
      max_replicas           = 5
      held_in_all            = 4000
      hold_limit_seconds     = 50
    }
    run = { create_namespace = false, image = "registry.example.com/nginx:1", allow_from = ["10.0.0.0/8"] }
  }

  assert {
    condition = (
      kubernetes_horizontal_pod_autoscaler_v2.this[0].spec[0].min_replicas == 2
      && kubernetes_horizontal_pod_autoscaler_v2.this[0].spec[0].max_replicas == 5
      && length(kubernetes_namespace_v1.this) == 0
      && kubernetes_deployment_v1.this[0].metadata[0].namespace == "edge"
      && kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].container[0].image == "registry.example.com/nginx:1"
      && kubernetes_deployment_v1.this[0].spec[0].template[0].spec[0].termination_grace_period_seconds == 80
      && strcontains(output.files["nginx.conf"], "proxy_read_timeout 50s10000ms;")
    )
    error_message = "never fewer pods than the sweep expects"
  }
}
