locals {
  # What is under way when a sweep's time is up ends by itself, each call after its own limit: the heartbeats 10 s, the
  # workloads 10 s, the claim 2 s, scaling 10 s, the record 2 s, waking again 20 s, the place 2 s.
  sweep_margin_seconds = 60

  sweep_environment = {
    # A sweep makes much that is short-lived out of lists that are long: with Node's 16 MiB, a function that has swept
    # 10,000 branches some times holds 300 MiB, and with this it holds 170. It takes no longer.
    NODE_OPTIONS = "--max-semi-space-size=4"
  }
}

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
    environment_variables = merge(local.environment, local.caller_rules.sleep, local.sweep_environment)
    # Cloud Scheduler counts as internal, a person who asks for a dry run does not.
    ingress_settings   = var.sleep.ingress
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
