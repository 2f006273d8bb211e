# RBAC has no name patterns. These policies confine both identities to the workloads of branches, those named *--g and
# those labelled dormouse/branch, and to what they do: replicas through scale, Events of their own, deletions with the switch.
locals {
  admission_policy = templatefile("${path.module}/admission-policy.yaml.tftpl", {
    name        = var.name
    may_delete  = var.sleep.may_delete
    sleep_users = [google_service_account.sleep.email, google_service_account.sleep.unique_id]
    users = flatten([
      for identity in local.cluster_identities : [identity.account.email, identity.account.unique_id]
    ])
  })
}

resource "kubernetes_manifest" "admission_policy" {
  # Its keys must be known before the accounts are.
  for_each = var.cluster.admission_policy == "resource" ? {
    deployments_policy   = 0
    deployments_binding  = 1
    statefulsets_policy  = 2
    statefulsets_binding = 3
    writes_policy        = 4
    writes_binding       = 5
  } : {}

  manifest = yamldecode(split("\n---\n", local.admission_policy)[each.value])
}
