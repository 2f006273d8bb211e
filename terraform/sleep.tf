# The function that Cloud Scheduler calls: one sweep over all branches.
resource "google_cloudfunctions2_function" "sleep" {
  project     = var.project_id
  location    = var.region
  name        = "${var.name}-sleep"
  description = "Puts branches to sleep that nobody visits"
  labels      = local.labels

  build_config {
    runtime           = "nodejs24"
    entry_point       = "sleep"
    service_account   = google_service_account.build.id
    docker_repository = google_artifact_registry_repository.images.id

    source {
      storage_source {
        bucket = local.source.bucket
        object = local.source.object
      }
    }

    on_deploy_update_policy {}
  }

  service_config {
    service_account_email = google_service_account.sleep.email
    environment_variables = local.environment
    # Cloud Scheduler counts as internal, a person who asks for a dry run does not.
    ingress_settings   = "ALLOW_ALL"
    timeout_seconds    = var.sleep.timeout_seconds
    min_instance_count = 0
    # The schedule's sweep, and somebody's dry run beside it.
    max_instance_count               = 2
    available_memory                 = var.sleep.memory
    available_cpu                    = "1"
    max_instance_request_concurrency = 1
  }

  depends_on = [
    google_project_service.this,
    google_artifact_registry_repository_iam_member.build_writes_images,
    google_project_iam_member.build_reads_source,
    google_project_iam_member.build_writes_logs,
    google_firestore_database.this,
  ]
}

resource "google_service_account" "sleep" {
  project      = var.project_id
  account_id   = "${var.name}-sleep"
  display_name = "Dormouse: puts branches to sleep"

  depends_on = [google_project_service.this]
}

# Cloud Scheduler, and nobody else.
resource "google_cloud_run_service_iam_member" "scheduler_calls_sleep" {
  project  = var.project_id
  location = var.region
  service  = google_cloudfunctions2_function.sleep.name
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}
