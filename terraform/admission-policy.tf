# RBAC has no name patterns. This policy confines both identities to the workloads of branches: those named *--g, and
# those labelled dormouse/branch.
locals {
  admission_policy = templatefile("${path.module}/admission-policy.yaml.tftpl", {
    name = var.name
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
  } : {}

  manifest = yamldecode(split("\n---\n", local.admission_policy)[each.value])
}
