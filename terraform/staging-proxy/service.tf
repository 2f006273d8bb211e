resource "kubernetes_service_v1" "this" {
  count = var.run == null ? 0 : 1

  metadata {
    name      = var.name
    namespace = local.namespace
    # Pods are the load balancer's backends themselves.
    annotations = { "cloud.google.com/neg" = jsonencode({ ingress = true }) }
  }

  spec {
    selector = local.selector
    port {
      name        = "http"
      port        = 80
      target_port = local.port
    }
  }

  lifecycle {
    # GKE notes there what it made.
    ignore_changes = [metadata[0].annotations["cloud.google.com/neg-status"]]
  }
}

resource "kubernetes_network_policy_v1" "this" {
  count = var.run == null ? 0 : 1

  metadata {
    name      = var.name
    namespace = local.namespace
  }

  spec {
    policy_types = ["Ingress"]
    pod_selector {
      match_labels = local.selector
    }

    ingress {
      ports {
        protocol = "TCP"
        port     = tostring(local.port)
      }

      dynamic "from" {
        for_each = var.run.allow_from
        content {
          ip_block {
            cidr = from.value
          }
        }
      }
    }
  }
}

resource "kubernetes_ingress_v1" "this" {
  count = length(var.host_suffixes) > 0 ? 1 : 0

  metadata {
    name        = var.name
    namespace   = local.namespace
    annotations = { "kubernetes.io/ingress.class" = var.run.ingress_class }
  }

  spec {
    dynamic "rule" {
      for_each = var.host_suffixes
      content {
        host = "*.${rule.value}"
        http {
          path {
            path      = "/"
            path_type = "Prefix"
            backend {
              service {
                name = kubernetes_service_v1.this[0].metadata[0].name
                port {
                  number = 80
                }
              }
            }
          }
        }
      }
    }
  }
}
