locals {
  selector = { "app.kubernetes.io/name" = var.name }
  port     = try(tonumber(var.nginx.listen), 0)
}

resource "kubernetes_deployment_v1" "this" {
  count = var.run == null ? 0 : 1

  metadata {
    name      = var.name
    namespace = local.namespace
    labels    = local.selector
  }

  spec {
    # An autoscaler has its own opinion.
    replicas = var.dormouse.max_replicas == null ? tostring(var.dormouse.replicas) : null

    selector {
      match_labels = local.selector
    }

    strategy {
      rolling_update {
        max_surge       = "1"
        max_unavailable = "0"
      }
    }

    template {
      metadata {
        labels = local.selector
        # nginx reads its configuration when it starts: another one needs other pods.
        annotations = { "dormouse/configuration" = sha256(jsonencode(local.files)) }
      }

      spec {
        service_account_name            = kubernetes_service_account_v1.this[0].metadata[0].name
        automount_service_account_token = false
        enable_service_links            = false
        # Who is held may wait to the end, and the endpoints go first.
        termination_grace_period_seconds = var.dormouse.hold_limit_seconds + 30

        security_context {
          run_as_non_root = true
          run_as_user     = "101"
          run_as_group    = "101"
          fs_group        = "101"
          seccomp_profile {
            type = "RuntimeDefault"
          }
        }

        topology_spread_constraint {
          max_skew           = 1
          topology_key       = "kubernetes.io/hostname"
          when_unsatisfiable = "ScheduleAnyway"
          label_selector {
            match_labels = local.selector
          }
        }

        container {
          name  = "nginx"
          image = coalesce(var.run.image, "nginx:${var.nginx.version}")
          # A container that starts again finds the files of the one before, and its process ids repeat.
          # Without the files of open sockets branches sleep later; without nginx nobody is served.
          command = ["sh", "-c", "find \"$0\" -type f -delete; exec nginx \"$@\"", local.connections_folder]
          args    = ["-c", "${var.nginx.config_folder}/nginx.conf", "-e", var.nginx.error_log, "-g", "daemon off;"]

          port {
            name           = "http"
            container_port = local.port
          }

          security_context {
            allow_privilege_escalation = false
            read_only_root_filesystem  = true
            capabilities {
              drop = ["ALL"]
            }
          }

          resources {
            requests = {
              cpu                 = var.run.cpu
              memory              = var.run.memory
              "ephemeral-storage" = var.run.spool
            }
            limits = {
              memory              = var.run.memory
              "ephemeral-storage" = var.run.spool
            }
          }

          # Each of its answers is also the heartbeat that proves that visits arrive.
          readiness_probe {
            period_seconds    = 10
            timeout_seconds   = 2
            failure_threshold = 3
            http_get {
              path = "/.dormouse/health"
              port = local.port
            }
          }

          liveness_probe {
            initial_delay_seconds = 10
            period_seconds        = 20
            timeout_seconds       = 5
            failure_threshold     = 3
            http_get {
              path = "/.dormouse/health"
              port = local.port
            }
          }

          lifecycle {
            pre_stop {
              # The load balancer hears of the end later than nginx.
              exec {
                command = ["sleep", "10"]
              }
            }
          }

          volume_mount {
            name       = "configuration"
            mount_path = var.nginx.config_folder
            read_only  = true
          }

          volume_mount {
            name       = "spool"
            mount_path = var.nginx.temp_folder
          }

          volume_mount {
            name       = "connections"
            mount_path = local.connections_folder
          }
        }

        volume {
          name = "configuration"
          config_map {
            name = kubernetes_config_map_v1.this[0].metadata[0].name
          }
        }

        # Bodies of requests that wait.
        volume {
          name = "spool"
          empty_dir {
            size_limit = var.run.spool
          }
        }

        # An empty file for each open socket: in memory, since they come and go.
        volume {
          name = "connections"
          empty_dir {
            medium     = "Memory"
            size_limit = "16Mi"
          }
        }
      }
    }
  }
}

resource "kubernetes_pod_disruption_budget_v1" "this" {
  count = var.run == null ? 0 : 1

  metadata {
    name      = var.name
    namespace = local.namespace
  }

  spec {
    # Not min_available: with one replica that would keep nodes from ever being drained.
    max_unavailable = "1"
    selector {
      match_labels = local.selector
    }
  }
}

resource "kubernetes_horizontal_pod_autoscaler_v2" "this" {
  count = var.run != null && var.dormouse.max_replicas != null ? 1 : 0

  metadata {
    name      = var.name
    namespace = local.namespace
  }

  spec {
    # With fewer than the sweep expects, nothing would be put to sleep.
    min_replicas = var.dormouse.replicas
    max_replicas = var.dormouse.max_replicas

    scale_target_ref {
      api_version = "apps/v1"
      kind        = "Deployment"
      name        = kubernetes_deployment_v1.this[0].metadata[0].name
    }

    metric {
      type = "Resource"
      resource {
        name = "cpu"
        target {
          type                = "Utilization"
          average_utilization = 70
        }
      }
    }
  }
}
