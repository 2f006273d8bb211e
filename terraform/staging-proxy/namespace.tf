locals {
  creates_namespace = try(var.run.create_namespace, false)
  namespace         = local.creates_namespace ? kubernetes_namespace_v1.this[0].metadata[0].name : var.dormouse.namespace
}

# Of its own, and so is the service account: whoever may run a pod with it may call the wake function.
resource "kubernetes_namespace_v1" "this" {
  count = local.creates_namespace ? 1 : 0

  metadata {
    name = var.dormouse.namespace
  }
}

resource "kubernetes_service_account_v1" "this" {
  count = var.run == null ? 0 : 1

  metadata {
    name        = var.dormouse.service_account
    namespace   = local.namespace
    annotations = { "iam.gke.io/gcp-service-account" = var.dormouse.google_service_account }
  }

  automount_service_account_token = false
}
