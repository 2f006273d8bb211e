# Metrics out of the functions' structured logs: each line of them is one decision.
locals {
  wake_logs  = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}-wake\""
  sleep_logs = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}-sleep\""

  counters = {
    sweeps_well = {
      description = "Sweeps that could trust what they knew, and failed on no branch"
      filter      = "${local.sleep_logs} AND jsonPayload.event=\"sweep\" AND severity<ERROR"
      labels      = {}
    }
    sweeps_blind = {
      description = "Sweeps that kept everything awake because visits might be getting lost"
      filter      = "${local.sleep_logs} AND jsonPayload.event=\"sweep\" AND jsonPayload.blind.reason:*"
      labels      = { reason = "EXTRACT(jsonPayload.blind.reason)" }
    }
    sweeps_failed = {
      description = "Sweeps that could not begin, or failed on a branch"
      filter      = "${local.sleep_logs} AND jsonPayload.event=\"sweep\" AND (jsonPayload.failed>0 OR jsonPayload.problem:*)"
      labels      = {}
    }
    sleeps = {
      description = "Branches put to sleep"
      filter      = "${local.sleep_logs} AND jsonPayload.event=\"decision\" AND jsonPayload.result.result=\"slept\""
      labels      = {}
    }
    wakes = {
      description = "Visits that woke a branch"
      filter      = "${local.wake_logs} AND (jsonPayload.outcome=\"woken\" OR jsonPayload.touch.outcome=\"woken\") AND (jsonPayload.event=\"touch\" OR jsonPayload.event=\"hold\")"
      labels      = {}
    }
    wakes_failed = {
      description = "Visits that Dormouse could not record, or whose branch it could not scale up"
      filter      = "${local.wake_logs} AND (jsonPayload.event=\"touch\" OR jsonPayload.event=\"hold\") AND (jsonPayload.problem:* OR jsonPayload.woken.outcome=\"failed\" OR jsonPayload.touch.woken.outcome=\"failed\")"
      labels      = { branch = "EXTRACT(jsonPayload.branch)" }
    }
    holds = {
      description = "Requests that waited, by how it ended: hopeless ones are of branches that cannot start"
      filter      = "${local.wake_logs} AND jsonPayload.event=\"hold\""
      labels      = { reason = "EXTRACT(jsonPayload.reason)" }
    }
  }

  distributions = {
    hold_seconds = {
      description = "How long requests were held, of Cloud Run's own log"
      filter      = "${local.wake_logs} AND logName:\"run.googleapis.com%2Frequests\" AND httpRequest.requestUrl=~\"/hold$\""
      value       = "EXTRACT(httpRequest.latency)"
      unit        = "s"
    }
    branches = {
      description = "Branches that a sweep saw"
      filter      = "${local.sleep_logs} AND jsonPayload.event=\"sweep\" AND jsonPayload.branches>=0"
      value       = "EXTRACT(jsonPayload.branches)"
      unit        = "1"
    }
    branches_asleep = {
      description = "Branches of which nothing runs when a sweep has ended"
      filter      = "${local.sleep_logs} AND jsonPayload.event=\"sweep\" AND jsonPayload.asleep.branches>=0"
      value       = "EXTRACT(jsonPayload.asleep.branches)"
      unit        = "1"
    }
    pods_asleep = {
      description = "Pods that these branches had, and will have again"
      filter      = "${local.sleep_logs} AND jsonPayload.event=\"sweep\" AND jsonPayload.asleep.pods>=0"
      value       = "EXTRACT(jsonPayload.asleep.pods)"
      unit        = "1"
    }
    wake_milliseconds = {
      description = "From the first visitor who waited until the branch was reachable"
      filter      = "${local.wake_logs} AND jsonPayload.event=\"wake\""
      value       = "EXTRACT(jsonPayload.wakeMs)"
      unit        = "ms"
    }
  }
}

resource "google_logging_metric" "counter" {
  for_each = { for name, metric in local.counters : name => metric if var.monitoring.enabled }

  project          = var.project_id
  name             = "${var.name}/${each.key}"
  description      = each.value.description
  filter           = each.value.filter
  label_extractors = length(each.value.labels) > 0 ? each.value.labels : null

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key        = labels.key
        value_type = "STRING"
      }
    }
  }
}

resource "google_logging_metric" "distribution" {
  for_each = { for name, metric in local.distributions : name => metric if var.monitoring.enabled }

  project         = var.project_id
  name            = "${var.name}/${each.key}"
  description     = each.value.description
  filter          = each.value.filter
  value_extractor = each.value.value

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = each.value.unit
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 100
      growth_factor      = 1.25
      scale              = 0.01
    }
  }
}
