# Who nginx is. The metadata server gives ID tokens only to pods whose Kubernetes service account stands for a Google
# service account; no key exists anywhere.
resource "google_service_account" "staging_proxy" {
  project      = var.project_id
  account_id   = "${var.name}-proxy"
  display_name = "Dormouse: staging-proxy"

  depends_on = [google_project_service.this]
}

resource "google_service_account_iam_member" "staging_proxy_pods" {
  service_account_id = google_service_account.staging_proxy.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${local.cluster_project_id}.svc.id.goog[${var.proxies.namespace}/${var.proxies.service_account}]"
}
