locals {
  cluster_project_id = coalesce(var.cluster.project_id, var.project_id)

  # Exactly what the functions call. A name pattern such as *--g cannot be said here: see admission-policy.tf.
  common_rules = [
    { api_groups = ["apps"], resources = ["deployments", "statefulsets"], verbs = ["get", "list"] },
    { api_groups = ["apps"], resources = ["deployments/scale", "statefulsets/scale"], verbs = ["patch"] },
    # What branches inherit. A Role may let somebody read the namespace that it is in, and no other.
    { api_groups = [""], resources = ["namespaces"], verbs = ["get"], resource_names = [var.cluster.namespace] },
    { api_groups = ["autoscaling"], resources = ["horizontalpodautoscalers"], verbs = ["list"] },
  ]

  deletion_rules = [
    { api_groups = ["apps"], resources = ["deployments", "statefulsets"], verbs = ["delete"] },
    { api_groups = [""], resources = ["services"], verbs = ["get", "delete"] },
  ]

  # A Job that runs keeps its branch awake; an Event tells its owner what is wrong with it.
  sleep_rules = concat(
    local.common_rules,
    [
      { api_groups = ["batch"], resources = ["jobs"], verbs = ["list"] },
      { api_groups = [""], resources = ["events"], verbs = ["create"] },
    ],
    [for rule in local.deletion_rules : rule if var.sleep.may_delete],
  )

  # The waiting page tells what a branch is waiting for.
  wake_rules = concat(local.common_rules, [
    { api_groups = [""], resources = ["services"], verbs = ["get"] },
    { api_groups = ["discovery.k8s.io"], resources = ["endpointslices"], verbs = ["list", "watch"] },
    { api_groups = ["apps"], resources = ["replicasets"], verbs = ["list"] },
    { api_groups = [""], resources = ["pods"], verbs = ["list"] },
    { api_groups = [""], resources = ["events"], verbs = ["list"] },
  ])

  cluster_identities = {
    wake  = { account = google_service_account.wake, rules = local.wake_rules }
    sleep = { account = google_service_account.sleep, rules = local.sleep_rules }
  }
}

# Lets them reach the API server by its DNS endpoint. What they may do there, Kubernetes decides.
resource "google_project_iam_custom_role" "cluster_connect" {
  project     = local.cluster_project_id
  role_id     = "${replace(var.name, "-", "_")}_cluster_connect"
  title       = "Dormouse cluster access (${var.name})"
  description = "Reaches the DNS endpoints of clusters"
  permissions = ["container.clusters.connect"]

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "cluster_connect" {
  for_each = local.cluster_identities

  project = local.cluster_project_id
  role    = google_project_iam_custom_role.cluster_connect.id
  member  = each.value.account.member
}

resource "kubernetes_role_v1" "this" {
  for_each = { for who, identity in local.cluster_identities : who => identity if var.cluster.role == "Role" }

  metadata {
    name      = "${var.name}-${each.key}"
    namespace = var.cluster.namespace
  }

  dynamic "rule" {
    for_each = each.value.rules
    content {
      api_groups     = rule.value.api_groups
      resources      = rule.value.resources
      verbs          = rule.value.verbs
      resource_names = try(rule.value.resource_names, null)
    }
  }
}

resource "kubernetes_cluster_role_v1" "this" {
  for_each = { for who, identity in local.cluster_identities : who => identity if var.cluster.role == "ClusterRole" }

  metadata {
    name = "${var.name}-${each.key}"
  }

  dynamic "rule" {
    for_each = each.value.rules
    content {
      api_groups     = rule.value.api_groups
      resources      = rule.value.resources
      verbs          = rule.value.verbs
      resource_names = try(rule.value.resource_names, null)
    }
  }
}

# In the namespace, whatever kind of role it is.
resource "kubernetes_role_binding_v1" "this" {
  for_each = local.cluster_identities

  metadata {
    name      = "${var.name}-${each.key}"
    namespace = var.cluster.namespace
  }

  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = var.cluster.role
    name      = "${var.name}-${each.key}"
  }

  # GKE knows an account by its email, or, if its token lacks the scope userinfo.email, by its number.
  dynamic "subject" {
    for_each = [each.value.account.email, each.value.account.unique_id]
    content {
      api_group = "rbac.authorization.k8s.io"
      kind      = "User"
      name      = subject.value
    }
  }

  depends_on = [kubernetes_role_v1.this, kubernetes_cluster_role_v1.this]
}
