output "staging_proxy" {
  description = "What the submodule staging-proxy needs: pass it on as its variable `dormouse`."
  value = {
    wake_function_url      = local.function_urls.wake
    google_service_account = google_service_account.staging_proxy.email
    branch_namespace       = var.cluster.namespace
    namespace              = var.proxies.namespace
    service_account        = var.proxies.service_account
    replicas               = var.proxies.replicas
    max_replicas           = var.proxies.max_replicas
    held_in_all            = var.proxies.held_in_all
    hold_limit_seconds     = var.hold.limit_seconds
  }

  # Before these, every call would be refused, and every sweep blind.
  depends_on = [google_cloud_run_service_iam_member.staging_proxy_calls_wake, google_service_account_iam_member.staging_proxy_pods]
}

output "wake_function_url" {
  description = "Address of the wake function, and the audience of the ID tokens that it accepts."
  value       = local.function_urls.wake

  depends_on = [google_cloudfunctions2_function.wake]
}

output "sleep_function_url" {
  description = "Address of the sleep function, and the audience of the ID tokens that it accepts. `POST …/?dryRun=true` explains what a sweep would do."
  value       = local.function_urls.sleep

  depends_on = [google_cloudfunctions2_function.sleep]
}

output "service_accounts" {
  description = "Emails of the accounts, by what they do."
  value = {
    wake          = google_service_account.wake.email
    sleep         = google_service_account.sleep.email
    scheduler     = google_service_account.scheduler.email
    staging_proxy = google_service_account.staging_proxy.email
    build         = google_service_account.build.email
  }
}

output "workload_identity_annotation" {
  description = "For nginx's Kubernetes service account, if you run nginx yourself."
  value       = { "iam.gke.io/gcp-service-account" = google_service_account.staging_proxy.email }
}

output "admission_policy" {
  description = "YAML that confines both functions to the workloads of branches: `terraform output -raw admission_policy | kubectl apply -f -`."
  value       = local.admission_policy
}

output "dashboard_id" {
  description = "The dashboard; null without monitoring."
  value       = one(google_monitoring_dashboard.this[*].id)
}
