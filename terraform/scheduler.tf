resource "google_cloud_scheduler_job" "sweep" {
  project     = var.project_id
  region      = var.region
  name        = "${var.name}-sweep"
  description = "Has the function ${google_cloudfunctions2_function.sleep.name} sweep"
  schedule    = local.sweep_cron
  time_zone   = var.schedule.time_zone
  paused      = var.schedule.paused
  # As long as the sweep may take: else a slow one would count as failed, and be begun again beside itself.
  attempt_deadline = "${var.sleep.timeout_seconds}s"

  retry_config {
    retry_count          = var.schedule.retries
    min_backoff_duration = "30s"
    max_backoff_duration = "60s"
  }

  http_target {
    http_method = "POST"
    uri         = "${local.function_urls.sleep}/"

    # By default the audience would be the whole address, which Cloud Run does not accept.
    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = local.function_urls.sleep
    }
  }

  depends_on = [google_project_service.this, google_cloud_run_service_iam_member.scheduler_calls_sleep]
}

resource "google_service_account" "scheduler" {
  project      = var.project_id
  account_id   = "${var.name}-scheduler"
  display_name = "Dormouse: calls the sweep"

  depends_on = [google_project_service.this]
}
