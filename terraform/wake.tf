# The function that nginx calls: records visits, wakes branches, says when a held request may go on.
resource "google_cloudfunctions2_function" "wake" {
  project     = var.project_id
  location    = var.region
  name        = "${var.name}-wake"
  description = "Wakes branches that somebody visits"
  labels      = local.labels

  build_config {
    runtime           = "nodejs24"
    entry_point       = "wake"
    service_account   = google_service_account.build.id
    docker_repository = google_artifact_registry_repository.images.id

    source {
      storage_source {
        bucket = local.source.bucket
        object = local.source.object
      }
    }

    # Google would otherwise change the base image by itself, and void the compile cache that the build filled.
    on_deploy_update_policy {}
  }

  service_config {
    service_account_email = google_service_account.wake.email
    environment_variables = merge(local.environment, local.caller_rules.wake)
    ingress_settings      = var.wake.ingress
    timeout_seconds       = var.wake.timeout_seconds
    min_instance_count    = var.wake.min_instances
    max_instance_count    = var.wake.max_instances
    available_memory      = var.wake.memory
    # More than one request at a time needs a whole CPU; at the default of 1, each held request would be an instance.
    available_cpu                    = "1"
    max_instance_request_concurrency = 1000
  }

  depends_on = [
    google_project_service.this,
    google_artifact_registry_repository_iam_member.build_writes_images,
    google_project_iam_member.build_reads_source,
    google_project_iam_member.build_writes_logs,
    google_firestore_database.this,
  ]
}

resource "google_service_account" "wake" {
  project      = var.project_id
  account_id   = "${var.name}-wake"
  display_name = "Dormouse: wakes branches"

  depends_on = [google_project_service.this]
}

# nginx, and nobody else.
resource "google_cloud_run_service_iam_member" "staging_proxy_calls_wake" {
  project  = var.project_id
  location = var.region
  service  = google_cloudfunctions2_function.wake.name
  role     = "roles/run.invoker"
  member   = google_service_account.staging_proxy.member
}
