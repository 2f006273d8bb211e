locals {
  # Each is about more than 0 of a counter in 10 minutes.
  alerts = {
    sweeps_blind = {
      title = "Dormouse ${var.name}: sweeps are blind"
      text  = "Visits may not arrive, so nothing is put to sleep. Nobody is harmed, but nothing is saved. The sweep's log line says which proxy is silent; then see the wake function's log and nginx's error log (token, permission, address)."
    }
    sweeps_failed = {
      title = "Dormouse ${var.name}: sweeps fail"
      text  = "A sweep could not begin, or could not deal with a branch. Its log line lists the branches and the problems; those branches are kept awake."
    }
    wakes_failed = {
      title = "Dormouse ${var.name}: wakes fail"
      text  = "Visitors come to a branch and it cannot be recorded or scaled up. The wake function's log names the branch and the problem."
    }
  }
}

resource "google_monitoring_alert_policy" "count" {
  for_each = { for name, alert in local.alerts : name => alert if var.monitoring.enabled }

  project               = var.project_id
  display_name          = each.value.title
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.monitoring.notification_channels

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter          = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.counter[each.key].name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    content   = each.value.text
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_alert_policy" "no_sweep" {
  count = var.monitoring.enabled ? 1 : 0

  project      = var.project_id
  display_name = "Dormouse ${var.name}: no successful sweep"
  combiner     = "OR"
  severity     = "WARNING"
  # A schedule that is paused on purpose is silent.
  enabled               = !var.schedule.paused
  notification_channels = var.monitoring.notification_channels

  conditions {
    display_name = "no successful sweep for ${local.sweep_silence_minutes} minutes"

    condition_absent {
      filter   = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.counter["sweeps_well"].name}\""
      duration = "${local.sweep_silence_minutes * 60}s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    content   = "Idle branches go on costing money; visits wake branches all the same. See the job ${google_cloud_scheduler_job.sweep.name} and the log of ${google_cloudfunctions2_function.sleep.name}."
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_alert_policy" "slow_wakes" {
  count = var.monitoring.enabled ? 1 : 0

  project               = var.project_id
  display_name          = "Dormouse ${var.name}: branches take too long to wake"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.monitoring.notification_channels

  conditions {
    display_name = "5 of 100 wakes take longer than ${var.monitoring.wake_p95_seconds} s"

    condition_threshold {
      filter          = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.distribution["wake_milliseconds"].name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.monitoring.wake_p95_seconds * 1000
      duration        = "600s"

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_PERCENTILE_95"
      }
    }
  }

  documentation {
    content   = "Branches take long to start, or do not start. The waiting page and the log lines with event=\"wake\" and event=\"hold\" name the branch and the reason."
    mime_type = "text/markdown"
  }
}
