# Every limit from both sides. In a run that expects failures, each variable named there must be refused.

mock_provider "google" {}
mock_provider "kubernetes" {}

variables {
  project_id     = "team-staging"
  region         = "asia-northeast1"
  source_archive = "tests/archive.zip"
  cluster = {
    name      = "staging"
    endpoint  = "gke-0123abcd.asia-northeast1.gke.goog"
    namespace = "branches"
  }
}

run "least" {
  command = plan

  variables {
    project_id         = "abcdef"
    name               = "dor"
    mode               = "dry-run"
    idle_after_minutes = 5
    hold               = { limit_seconds = 2, load_balancer_timeout_seconds = 3 }
    wake               = { max_instances = 1, timeout_seconds = 13, ingress = "ALLOW_INTERNAL_ONLY", memory = "256Mi" }
    sleep              = { timeout_seconds = 120, batch_size = 1 }
    schedule           = { every_minutes = 60, cron = "0 0 1 1 0", time_zone = "UTC", retries = 0 }
    policies           = { scheduled_wake_days = 1, background_max_hours = 1 }
    proxies            = { replicas = 1, held_in_all = 600 }
    store              = { database = "abcd" }
    monitoring         = { sweep_silence_minutes = 3, wake_p95_seconds = 0.1 }
  }

  assert {
    condition     = local.environment.DORMOUSE_MODE == "dry-run" && local.environment.DORMOUSE_IDLE_AFTER_MINUTES == "5" && !contains(keys(local.environment), "DORMOUSE_PAGE_TITLE")
    error_message = "the functions are told"
  }
}

run "most" {
  command = plan

  variables {
    project_id         = "abcdefghijklmnopqrstuvwxyz-123"
    name               = "dormouse-staging"
    mode               = "off"
    idle_after_minutes = 525600
    hold               = { limit_seconds = 3000, load_balancer_timeout_seconds = 3001 }
    wake               = { min_instances = 7, max_instances = 7, timeout_seconds = 3600, ingress = "ALLOW_INTERNAL_AND_GCLB", memory = "1Gi" }
    sleep              = { timeout_seconds = 1800, batch_size = 100 }
    policies           = { scheduled_wake_days = 365, background_max_hours = 8760 }
    schedule           = { every_minutes = 10, cron = "*/10 8-20 1,15 JAN-DEC MON-FRI", time_zone = "America/Argentina/Buenos_Aires", retries = 5 }
    proxies            = { replicas = 1, max_replicas = 1, held_in_all = 4200 }
    store              = { database = "dormouse-staging", location = "nam5", point_in_time_recovery = true, delete_protection = false }
    page               = { title = "Staging", logo = "Team", link = "https://wiki.example.com/staging" }
    monitoring         = { sweep_silence_minutes = 1410 }
  }

  assert {
    condition = (
      google_service_account.scheduler.account_id == "dormouse-staging-scheduler"
      && google_firestore_database.this[0].location_id == "nam5"
      && google_firestore_database.this[0].point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
      && google_firestore_database.this[0].delete_protection_state == "DELETE_PROTECTION_DISABLED"
      && google_cloudfunctions2_function.wake.service_config[0].min_instance_count == 7
      && google_cloudfunctions2_function.wake.service_config[0].ingress_settings == "ALLOW_INTERNAL_AND_GCLB"
      && local.environment.DORMOUSE_MODE == "off"
      && local.environment.DORMOUSE_PAGE_LINK == "https://wiki.example.com/staging"
    )
    error_message = "what is said is planned"
  }
}

run "too_little" {
  command = plan

  variables {
    project_id         = "abcde"
    name               = "do"
    idle_after_minutes = 4
    hold               = { limit_seconds = 1 }
    sleep              = { timeout_seconds = 119 }
    schedule           = { cron = "* * * *" }
    store              = { database = "abc" }
    monitoring         = { sweep_silence_minutes = 2 }
    source_archive     = "tests/missing.zip"
    region             = "asia-northeast"
    page               = { link = "wiki.example.com" }
    cluster            = { name = "", endpoint = "gke-0123abcd.asia-northeast1.gke.goog", namespace = "branches" }
  }

  expect_failures = [
    var.project_id,
    var.name,
    var.idle_after_minutes,
    var.hold,
    var.sleep,
    var.schedule,
    var.store,
    var.monitoring,
    var.source_archive,
    var.region,
    var.page,
    var.cluster,
  ]
}

run "too_much" {
  command = plan

  variables {
    project_id         = "abcdefghijklmnopqrstuvwxyz-1234"
    name               = "dormouse-staging1"
    idle_after_minutes = 525601
    hold               = { limit_seconds = 3001, load_balancer_timeout_seconds = 4000 }
    sleep              = { timeout_seconds = 1801 }
    schedule           = { cron = "0 */5 * * * * 2026" }
    store              = { database = "Dormouse" }
    monitoring         = { sweep_silence_minutes = 1411 }
    source_archive     = "gs://releases/dormouse.tgz"
    region             = "mars-north1"
    page               = { title = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" }
    cluster            = { name = "staging", endpoint = "https://gke-0123abcd.asia-northeast1.gke.goog", namespace = "branches" }
  }

  expect_failures = [
    var.project_id,
    var.name,
    var.idle_after_minutes,
    var.hold,
    var.sleep,
    var.schedule,
    var.store,
    var.monitoring,
    var.source_archive,
    var.region,
    var.page,
    var.cluster,
  ]
}

run "nothing_in_time" {
  command = plan

  variables {
    project_id         = "123456"
    name               = "1dormouse"
    idle_after_minutes = 0
    hold               = { limit_seconds = 25, load_balancer_timeout_seconds = 25 }
    sleep              = { batch_size = 0 }
    schedule           = { cron = "every 5 minutes" }
    store              = { database = "(default)" }
    monitoring         = { wake_p95_seconds = 0 }
    region             = "asia-northeast1-a"
    page               = { logo = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" }
    cluster            = { name = "staging", endpoint = "10.0.0.2", namespace = "branches" }
    source_archive     = "gs://releases"
  }

  expect_failures = [
    var.project_id,
    var.name,
    var.idle_after_minutes,
    var.hold,
    var.sleep,
    var.schedule,
    var.store,
    var.monitoring,
    var.region,
    var.page,
    var.cluster,
    var.source_archive,
  ]
}

run "fractions_and_strangers" {
  command = plan

  variables {
    idle_after_minutes = 7.5
    hold               = { limit_seconds = 2.5 }
    sleep              = { batch_size = 101 }
    schedule           = { time_zone = "JST" }
    cluster            = { name = "staging", endpoint = "gke-0123abcd.asia-northeast1.gke.goog", namespace = "branches", role = "cluster-admin" }
    monitoring         = { notification_channels = ["team@example.com"] }
  }

  expect_failures = [
    var.idle_after_minutes,
    var.hold,
    var.sleep,
    var.schedule,
    var.cluster,
    var.monitoring,
  ]
}

run "units_and_paths" {
  command = plan

  variables {
    sleep    = { memory = "512" }
    schedule = { retries = 6 }
    cluster  = { name = "staging", endpoint = "gke-0123abcd.asia-northeast1.gke.goog", namespace = "branches", admission_policy = "yes" }
  }

  expect_failures = [
    var.sleep,
    var.schedule,
    var.cluster,
  ]
}

run "path_for_a_namespace" {
  command = plan

  variables {
    cluster = { name = "staging", endpoint = "gke-0123abcd.asia-northeast1.gke.goog", namespace = "team/branches" }
  }

  expect_failures = [var.cluster]
}

run "mode_of_its_own_and_no_proxy" {
  command = plan

  variables {
    mode    = "paused"
    proxies = { replicas = 0 }
  }

  expect_failures = [
    var.mode,
    var.proxies,
  ]
}

run "off_without_a_sweep_and_more_held_than_connections" {
  command = plan

  variables {
    mode     = "off"
    schedule = { paused = true }
    proxies  = { held_in_all = 7001 }
  }

  expect_failures = [
    var.mode,
    var.proxies,
  ]
}

run "less_at_most_than_at_least" {
  command = plan

  variables {
    proxies = { replicas = 3, max_replicas = 2 }
  }

  expect_failures = [var.proxies]
}

run "identity_that_every_pod_has" {
  command = plan

  variables {
    proxies = { service_account = "default" }
  }

  expect_failures = [var.proxies]
}

run "namespace_of_the_branches_for_nginx" {
  command = plan

  variables {
    proxies = { namespace = "branches" }
  }

  expect_failures = [var.proxies]
}

run "function_that_ends_while_nginx_waits" {
  command = plan

  variables {
    wake = { timeout_seconds = 35 }
  }

  expect_failures = [var.wake]
}

run "function_that_runs_for_more_than_an_hour" {
  command = plan

  variables {
    wake = { timeout_seconds = 3601 }
  }

  expect_failures = [var.wake]
}

run "more_instances_than_there_may_be" {
  command = plan

  variables {
    wake = { min_instances = 21 }
  }

  expect_failures = [var.wake]
}

run "fewer_instances_than_proxies_hold_for" {
  command = plan

  variables {
    wake = { max_instances = 13 }
  }

  expect_failures = [var.wake]
}

run "more_proxies_than_instances_answer" {
  command = plan

  variables {
    proxies = { replicas = 2, max_replicas = 4 }
  }

  expect_failures = [var.wake]
}

run "unknown_ingress" {
  command = plan

  variables {
    wake = { ingress = "INTERNAL" }
  }

  expect_failures = [var.wake]
}

run "ingress_that_scheduler_does_not_need" {
  command = plan

  variables {
    sleep = { ingress = "ALLOW_INTERNAL_AND_GCLB" }
  }

  expect_failures = [var.sleep]
}

run "memory_in_words" {
  command = plan

  variables {
    wake = { memory = "half a gigabyte" }
  }

  expect_failures = [var.wake]
}

run "policies_for_nobody" {
  command = plan

  variables {
    policies = { scheduled_wake_days = 0, background_max_hours = 8761 }
  }

  expect_failures = [var.policies]
}

run "policies_in_fractions" {
  command = plan

  variables {
    policies = { scheduled_wake_days = 366, background_max_hours = 0.5 }
  }

  expect_failures = [var.policies]
}

run "sweep_that_no_hour_is_made_of" {
  command = plan

  variables {
    schedule = { every_minutes = 7 }
  }

  expect_failures = [var.schedule]
}

run "sweep_that_comes_later_than_it_says" {
  command = plan

  variables {
    schedule = { cron = "*/10 * * * *" }
  }

  expect_failures = [var.schedule]
}

run "sweep_that_comes_once_an_hour_and_does_not_say_so" {
  command = plan

  variables {
    schedule = { cron = "30 * * * *" }
  }

  expect_failures = [var.schedule]
}

run "sweep_that_comes_as_it_says" {
  command = plan

  variables {
    schedule = { every_minutes = 10, cron = "*/10 7-20 * * MON-FRI" }
  }

  assert {
    condition     = google_cloud_scheduler_job.sweep.schedule == "*/10 7-20 * * MON-FRI" && local.environment.DORMOUSE_SWEEP_EVERY_MINUTES == "10"
    error_message = "the line that is given"
  }
}
