# What is planned with the least that must be said, and with each choice.

mock_provider "google" {
  override_during = plan

  override_resource {
    target = google_service_account.wake
    values = {
      name      = "projects/team-staging/serviceAccounts/wake@team-staging.iam.gserviceaccount.com"
      email     = "wake@team-staging.iam.gserviceaccount.com"
      member    = "serviceAccount:wake@team-staging.iam.gserviceaccount.com"
      unique_id = "101"
    }
  }

  override_resource {
    target = google_service_account.sleep
    values = {
      name      = "projects/team-staging/serviceAccounts/sleep@team-staging.iam.gserviceaccount.com"
      email     = "sleep@team-staging.iam.gserviceaccount.com"
      member    = "serviceAccount:sleep@team-staging.iam.gserviceaccount.com"
      unique_id = "102"
    }
  }

  override_resource {
    target = google_service_account.scheduler
    values = {
      name      = "projects/team-staging/serviceAccounts/scheduler@team-staging.iam.gserviceaccount.com"
      email     = "scheduler@team-staging.iam.gserviceaccount.com"
      member    = "serviceAccount:scheduler@team-staging.iam.gserviceaccount.com"
      unique_id = "103"
    }
  }

  override_resource {
    target = google_service_account.staging_proxy
    values = {
      name      = "projects/team-staging/serviceAccounts/proxy@team-staging.iam.gserviceaccount.com"
      email     = "proxy@team-staging.iam.gserviceaccount.com"
      member    = "serviceAccount:proxy@team-staging.iam.gserviceaccount.com"
      unique_id = "104"
    }
  }

  override_resource {
    target = google_service_account.build
    values = {
      id        = "projects/team-staging/serviceAccounts/build@team-staging.iam.gserviceaccount.com"
      email     = "build@team-staging.iam.gserviceaccount.com"
      member    = "serviceAccount:build@team-staging.iam.gserviceaccount.com"
      unique_id = "105"
    }
  }

  override_resource {
    target = google_project_iam_custom_role.records
    values = { id = "projects/team-staging/roles/dormouse_records" }
  }

  override_resource {
    target = google_project_iam_custom_role.cluster_connect
    values = { id = "projects/team-staging/roles/dormouse_cluster_connect" }
  }

  override_data {
    target = data.google_project.this
    values = { number = "123456789012" }
  }
}

mock_provider "kubernetes" {
  override_during = plan
}

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

run "defaults" {
  command = plan

  assert {
    condition = (
      google_cloudfunctions2_function.wake.build_config[0].entry_point == "wake"
      && google_cloudfunctions2_function.sleep.build_config[0].entry_point == "sleep"
      && alltrue([for f in [google_cloudfunctions2_function.wake, google_cloudfunctions2_function.sleep] : f.build_config[0].runtime == "nodejs24"])
    )
    error_message = "two functions, one archive"
  }

  assert {
    condition = (
      google_cloudfunctions2_function.wake.service_config[0].max_instance_request_concurrency == 1000
      && google_cloudfunctions2_function.wake.service_config[0].available_cpu == "1"
      && google_cloudfunctions2_function.wake.service_config[0].min_instance_count == 0
    )
    error_message = "1,000 requests that wait are one instance"
  }

  assert {
    condition = (
      var.hold.limit_seconds < google_cloudfunctions2_function.wake.service_config[0].timeout_seconds
      && var.hold.limit_seconds < var.hold.load_balancer_timeout_seconds
      && google_cloud_scheduler_job.sweep.attempt_deadline == "${google_cloudfunctions2_function.sleep.service_config[0].timeout_seconds}s"
      && tonumber(google_cloudfunctions2_function.sleep.service_config[0].environment_variables["DORMOUSE_SWEEP_DEADLINE_SECONDS"]) == google_cloudfunctions2_function.sleep.service_config[0].timeout_seconds - 60
    )
    error_message = "whoever waits for somebody waits longer than he may take"
  }

  assert {
    condition = (
      google_cloud_scheduler_job.sweep.schedule == "*/5 * * * *"
      && google_cloud_scheduler_job.sweep.http_target[0].uri == "https://dormouse-sleep-123456789012.asia-northeast1.run.app/"
      && google_cloud_scheduler_job.sweep.http_target[0].http_method == "POST"
      && google_cloud_scheduler_job.sweep.http_target[0].oidc_token[0].audience == "https://dormouse-sleep-123456789012.asia-northeast1.run.app"
      && google_cloud_scheduler_job.sweep.http_target[0].oidc_token[0].service_account_email == "scheduler@team-staging.iam.gserviceaccount.com"
    )
    error_message = "the schedule posts to the sweep, with a token for it"
  }

  assert {
    condition     = google_storage_bucket_object.source[0].name == "${filemd5("tests/archive.zip")}.zip"
    error_message = "the archive's name is its content: unchanged sources are not built again"
  }

  assert {
    condition = (
      google_firestore_database.this[0].type == "FIRESTORE_NATIVE"
      && google_firestore_database.this[0].location_id == "asia-northeast1"
      && google_firestore_database.this[0].delete_protection_state == "DELETE_PROTECTION_ENABLED"
      && google_firestore_database.this[0].point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_DISABLED"
      && google_firestore_database.this[0].deletion_policy == "ABANDON"
      && keys(google_firestore_field.expiry) == ["branches", "heartbeats"]
      && alltrue([for field in google_firestore_field.expiry : field.field == "expireAt" && length(field.ttl_config) == 1])
    )
    error_message = "a database of its own that outlives a destroy, and lets old records go"
  }

  assert {
    condition = (
      output.staging_proxy.wake_function_url == "https://dormouse-wake-123456789012.asia-northeast1.run.app"
      && output.staging_proxy.google_service_account == "proxy@team-staging.iam.gserviceaccount.com"
      && output.staging_proxy.replicas == 2
      && output.staging_proxy.hold_limit_seconds == 25
    )
    error_message = "the submodule gets what it needs"
  }

  assert {
    condition     = length(kubernetes_manifest.admission_policy) == 0 && length(kubernetes_cluster_role_v1.this) == 0
    error_message = "nothing of the cluster's own unless it is asked for"
  }
}

run "identities" {
  command = plan

  assert {
    condition = (
      google_cloudfunctions2_function.wake.service_config[0].service_account_email == "wake@team-staging.iam.gserviceaccount.com"
      && google_cloudfunctions2_function.sleep.service_config[0].service_account_email == "sleep@team-staging.iam.gserviceaccount.com"
      && google_cloudfunctions2_function.wake.build_config[0].service_account == google_service_account.build.id
      && google_cloudfunctions2_function.sleep.build_config[0].service_account == google_service_account.build.id
    )
    error_message = "each runs, and is built, as an account of its own"
  }

  assert {
    condition = (
      google_cloud_run_service_iam_member.staging_proxy_calls_wake.service == "dormouse-wake"
      && google_cloud_run_service_iam_member.staging_proxy_calls_wake.role == "roles/run.invoker"
      && google_cloud_run_service_iam_member.staging_proxy_calls_wake.member == "serviceAccount:proxy@team-staging.iam.gserviceaccount.com"
    )
    error_message = "nginx alone calls wake"
  }

  assert {
    condition = (
      google_cloud_run_service_iam_member.scheduler_calls_sleep.service == "dormouse-sleep"
      && google_cloud_run_service_iam_member.scheduler_calls_sleep.role == "roles/run.invoker"
      && google_cloud_run_service_iam_member.scheduler_calls_sleep.member == "serviceAccount:scheduler@team-staging.iam.gserviceaccount.com"
    )
    error_message = "the schedule alone calls sleep"
  }

  assert {
    condition = google_project_iam_custom_role.records.permissions == toset([
      "datastore.databases.get", "datastore.entities.create", "datastore.entities.get", "datastore.entities.list",
      "datastore.entities.update",
    ])
    error_message = "records are read and written, never deleted"
  }

  assert {
    condition = (
      keys(google_project_iam_member.records) == ["sleep", "wake"]
      && google_project_iam_member.records["wake"].member == "serviceAccount:wake@team-staging.iam.gserviceaccount.com"
      && google_project_iam_member.records["sleep"].member == "serviceAccount:sleep@team-staging.iam.gserviceaccount.com"
      && alltrue([for member in google_project_iam_member.records :
        member.role == "projects/team-staging/roles/dormouse_records"
        && member.condition[0].expression == "resource.name == \"projects/team-staging/databases/dormouse\""
      ])
    )
    error_message = "in one database, by equality"
  }

  assert {
    condition = (
      google_project_iam_custom_role.cluster_connect.permissions == toset(["container.clusters.connect"])
      && keys(google_project_iam_member.cluster_connect) == ["sleep", "wake"]
      && google_project_iam_member.cluster_connect["wake"].member == "serviceAccount:wake@team-staging.iam.gserviceaccount.com"
      && google_project_iam_member.cluster_connect["sleep"].member == "serviceAccount:sleep@team-staging.iam.gserviceaccount.com"
      && alltrue([for member in google_project_iam_member.cluster_connect : member.role == "projects/team-staging/roles/dormouse_cluster_connect"])
    )
    error_message = "they reach the API server, and no more by IAM"
  }

  assert {
    condition = (
      google_service_account_iam_member.staging_proxy_pods.service_account_id == "projects/team-staging/serviceAccounts/proxy@team-staging.iam.gserviceaccount.com"
      && google_service_account_iam_member.staging_proxy_pods.role == "roles/iam.workloadIdentityUser"
      && google_service_account_iam_member.staging_proxy_pods.member == "serviceAccount:team-staging.svc.id.goog[staging-proxy/staging-proxy]"
    )
    error_message = "nginx's pods alone have the proxy's identity"
  }

  assert {
    condition = (
      google_project_iam_member.build_writes_logs.member == "serviceAccount:build@team-staging.iam.gserviceaccount.com"
      && google_project_iam_member.build_writes_logs.role == "roles/logging.logWriter"
      && google_project_iam_member.build_reads_source.member == "serviceAccount:build@team-staging.iam.gserviceaccount.com"
      && google_project_iam_member.build_reads_source.role == "roles/storage.objectViewer"
      && strcontains(google_project_iam_member.build_reads_source.condition[0].expression, "projects/_/buckets/team-staging-dormouse-source/")
      && google_artifact_registry_repository_iam_member.build_writes_images.member == "serviceAccount:build@team-staging.iam.gserviceaccount.com"
      && google_artifact_registry_repository_iam_member.build_writes_images.role == "roles/artifactregistry.writer"
    )
    error_message = "builds read the source, write images and logs"
  }
}

run "kubernetes" {
  command = plan

  assert {
    condition = (
      keys(kubernetes_role_binding_v1.this) == ["sleep", "wake"]
      && alltrue([for who, binding in kubernetes_role_binding_v1.this :
        binding.metadata[0].namespace == "branches"
        && binding.role_ref[0].kind == "Role"
        && binding.role_ref[0].name == kubernetes_role_v1.this[who].metadata[0].name
        && kubernetes_role_v1.this[who].metadata[0].namespace == "branches"
      ])
    )
    error_message = "a Role each, in the namespace of the branches"
  }

  assert {
    condition = (
      [for subject in kubernetes_role_binding_v1.this["wake"].subject : subject.name] == ["wake@team-staging.iam.gserviceaccount.com", "101"]
      && [for subject in kubernetes_role_binding_v1.this["sleep"].subject : subject.name] == ["sleep@team-staging.iam.gserviceaccount.com", "102"]
      && alltrue([for binding in kubernetes_role_binding_v1.this : alltrue([for subject in binding.subject : subject.kind == "User"])])
    )
    error_message = "by email and by number"
  }

  assert {
    condition = (
      toset(flatten([for rule in kubernetes_role_v1.this["wake"].rule : [for resource in rule.resources :
        [for verb in rule.verbs : "${verb} ${resource}" if !contains(["get", "list", "watch"], verb)]
      ]])) == toset(["patch deployments/scale", "patch statefulsets/scale"])
      && toset(flatten([for rule in kubernetes_role_v1.this["sleep"].rule : [for resource in rule.resources :
        [for verb in rule.verbs : "${verb} ${resource}" if !contains(["get", "list", "watch"], verb)]
      ]])) == toset(["create events", "patch deployments/scale", "patch statefulsets/scale"])
    )
    error_message = "they change nothing but scale, and sleep tells Events"
  }

  assert {
    condition = alltrue([for role in kubernetes_role_v1.this : alltrue([for rule in role.rule :
      length(setintersection(rule.resources, ["secrets", "configmaps", "serviceaccounts", "pods/exec", "pods/log", "*"])) == 0
    ])])
    error_message = "and read no secrets"
  }

  assert {
    condition = alltrue([for role in kubernetes_role_v1.this : toset(flatten([
      for rule in role.rule : tolist(rule.resource_names) if contains(rule.resources, "namespaces")
    ])) == toset(["branches"])])
    error_message = "of namespaces they read their own"
  }

  assert {
    condition = (
      length([for document in split("\n---\n", output.admission_policy) : yamldecode(document)]) == 6
      && strcontains(output.admission_policy, "[\"sleep@team-staging.iam.gserviceaccount.com\",\"102\",\"wake@team-staging.iam.gserviceaccount.com\",\"101\"]")
    )
    error_message = "the policy is about both, by both names"
  }
}

run "nothing_is_deleted_by_default" {
  command = plan

  assert {
    condition = alltrue([for function in [google_cloudfunctions2_function.wake, google_cloudfunctions2_function.sleep] :
      function.service_config[0].environment_variables["DORMOUSE_MAY_DELETE"] == "false"
    ])
    error_message = "the functions do not ask for it"
  }

  assert {
    condition     = !strcontains(output.admission_policy, "isDeletion")
    error_message = "nor does the policy allow it"
  }
}

run "one_switch_lets_branches_be_deleted" {
  command = plan

  variables {
    sleep = { may_delete = true }
  }

  assert {
    condition     = google_cloudfunctions2_function.sleep.service_config[0].environment_variables["DORMOUSE_MAY_DELETE"] == "true"
    error_message = "sleep heeds delete-after"
  }

  assert {
    condition = (
      toset(flatten([for rule in kubernetes_role_v1.this["wake"].rule : [for resource in rule.resources :
        [for verb in rule.verbs : "${verb} ${resource}" if !contains(["get", "list", "watch"], verb)]
      ]])) == toset(["patch deployments/scale", "patch statefulsets/scale"])
      && toset(flatten([for rule in kubernetes_role_v1.this["sleep"].rule : [for resource in rule.resources :
        [for verb in rule.verbs : "${verb} ${resource}" if !contains(["get", "list", "watch"], verb)]
        ]])) == toset([
        "create events", "patch deployments/scale", "patch statefulsets/scale",
        "delete deployments", "delete statefulsets", "delete services",
      ])
      && contains(flatten([for rule in kubernetes_role_v1.this["sleep"].rule : tolist(rule.verbs) if contains(rule.resources, "services")]), "get")
    )
    error_message = "sleep may delete workloads and Services, never volumes, and wake nothing"
  }

  assert {
    condition     = strcontains(output.admission_policy, "isDeletion")
    error_message = "and the policy lets it"
  }
}

run "policies" {
  command = plan

  assert {
    condition = (
      google_cloud_scheduler_job.sweep.schedule == "*/5 * * * *"
      && google_monitoring_alert_policy.no_sweep[0].conditions[0].condition_absent[0].duration == "900s"
      && local.environment.DORMOUSE_SWEEP_EVERY_MINUTES == "5"
      && local.environment.DORMOUSE_SCHEDULED_WAKE_DAYS == "7"
      && local.environment.DORMOUSE_BACKGROUND_MAX_HOURS == "12"
    )
    error_message = "the functions are told how often they sweep"
  }
}

run "policies_of_a_team" {
  command = plan

  variables {
    policies = { scheduled_wake_days = 14, background_max_hours = 4 }
    schedule = { every_minutes = 60 }
  }

  assert {
    condition = (
      google_cloud_scheduler_job.sweep.schedule == "0 * * * *"
      && google_monitoring_alert_policy.no_sweep[0].conditions[0].condition_absent[0].duration == "10800s"
      && local.environment.DORMOUSE_SWEEP_EVERY_MINUTES == "60"
      && local.environment.DORMOUSE_SCHEDULED_WAKE_DAYS == "14"
      && local.environment.DORMOUSE_BACKGROUND_MAX_HOURS == "4"
    )
    error_message = "one number says when the sweep comes and what it must foresee"
  }
}

run "callers_are_checked_twice" {
  command = plan

  assert {
    condition = (
      google_cloudfunctions2_function.wake.service_config[0].environment_variables["DORMOUSE_AUDIENCE"] == output.staging_proxy.wake_function_url
      && google_cloudfunctions2_function.wake.service_config[0].environment_variables["DORMOUSE_ALLOWED_CALLERS"] == output.staging_proxy.google_service_account
    )
    error_message = "the wake function takes the tokens that nginx asks for, and no others"
  }

  assert {
    condition = (
      google_cloudfunctions2_function.sleep.service_config[0].environment_variables["DORMOUSE_AUDIENCE"] == google_cloud_scheduler_job.sweep.http_target[0].oidc_token[0].audience
      && google_cloudfunctions2_function.sleep.service_config[0].environment_variables["DORMOUSE_ALLOWED_CALLERS"] == google_cloud_scheduler_job.sweep.http_target[0].oidc_token[0].service_account_email
      && google_cloudfunctions2_function.sleep.service_config[0].ingress_settings == "ALLOW_ALL"
    )
    error_message = "the sleep function takes Scheduler's"
  }
}

run "callers_are_checked_by_cloud_run_alone" {
  command = plan

  variables {
    identity_check = false
    sleep          = { ingress = "ALLOW_INTERNAL_ONLY" }
  }

  assert {
    condition = alltrue([
      for function in [google_cloudfunctions2_function.wake, google_cloudfunctions2_function.sleep] :
      !contains(keys(function.service_config[0].environment_variables), "DORMOUSE_AUDIENCE")
      && !contains(keys(function.service_config[0].environment_variables), "DORMOUSE_ALLOWED_CALLERS")
    ])
    error_message = "the functions are told of no callers"
  }

  assert {
    condition = (
      google_cloud_scheduler_job.sweep.http_target[0].oidc_token[0].audience == "https://dormouse-sleep-123456789012.asia-northeast1.run.app"
      && google_cloudfunctions2_function.sleep.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"
      && google_cloudfunctions2_function.wake.service_config[0].ingress_settings == "ALLOW_ALL"
    )
    error_message = "what Cloud Run checks is the same"
  }
}

run "cluster_role_is_bound_in_the_namespace_only" {
  command = plan

  variables {
    cluster = {
      name      = "staging"
      endpoint  = "gke-0123abcd.asia-northeast1.gke.goog"
      namespace = "branches"
      role      = "ClusterRole"
    }
  }

  assert {
    condition = (
      length(kubernetes_role_v1.this) == 0
      && keys(kubernetes_cluster_role_v1.this) == ["sleep", "wake"]
      && alltrue([for binding in kubernetes_role_binding_v1.this : binding.metadata[0].namespace == "branches" && binding.role_ref[0].kind == "ClusterRole"])
      && kubernetes_cluster_role_v1.this["wake"].metadata[0].name == kubernetes_role_binding_v1.this["wake"].role_ref[0].name
    )
    error_message = "ClusterRoles, bound in one namespace"
  }

  assert {
    condition = alltrue([for role in kubernetes_cluster_role_v1.this : toset(flatten([
      for rule in role.rule : tolist(rule.resource_names) if contains(rule.resources, "namespaces")
    ])) == toset(["branches"])])
    error_message = "which is the only one that they read"
  }
}

run "admission_policy_as_resources_and_cluster_of_another_project" {
  command = plan

  variables {
    cluster = {
      name             = "staging"
      endpoint         = "gke-0123abcd.asia-northeast1.gke.goog"
      namespace        = "branches"
      project_id       = "team-clusters"
      admission_policy = "resource"
    }
  }

  assert {
    condition = (
      kubernetes_manifest.admission_policy["deployments_policy"].manifest.spec.paramKind.kind == "Deployment"
      && kubernetes_manifest.admission_policy["deployments_binding"].manifest.spec.policyName == "dormouse-deployments"
      && kubernetes_manifest.admission_policy["statefulsets_policy"].manifest.spec.paramKind.kind == "StatefulSet"
      && kubernetes_manifest.admission_policy["statefulsets_binding"].manifest.spec.policyName == "dormouse-statefulsets"
      && kubernetes_manifest.admission_policy["writes_policy"].manifest.spec.matchConstraints.resourceRules[0].resources == ["*/*"]
      && kubernetes_manifest.admission_policy["writes_binding"].manifest.spec.policyName == "dormouse-writes"
    )
    error_message = "all six"
  }

  assert {
    condition = (
      google_service_account_iam_member.staging_proxy_pods.member == "serviceAccount:team-clusters.svc.id.goog[staging-proxy/staging-proxy]"
      && google_project_iam_custom_role.cluster_connect.project == "team-clusters"
      && alltrue([for member in google_project_iam_member.cluster_connect : member.project == "team-clusters"])
    )
    error_message = "identities of the cluster's project"
  }
}

run "released_archive_in_a_shared_database_without_monitoring" {
  command = plan

  variables {
    source_archive = "gs://releases/dormouse/1.0.0.zip"
    store          = { database = "(default)", create = false }
    monitoring     = { enabled = false }
  }

  assert {
    condition = (
      length(google_storage_bucket.source) == 0
      && google_cloudfunctions2_function.wake.build_config[0].source[0].storage_source[0].bucket == "releases"
      && google_cloudfunctions2_function.sleep.build_config[0].source[0].storage_source[0].object == "dormouse/1.0.0.zip"
    )
    error_message = "nothing is uploaded"
  }

  assert {
    condition = (
      length(google_firestore_database.this) == 0 && length(google_firestore_field.expiry) == 0
      && google_project_iam_member.records["wake"].condition[0].expression == "resource.name == \"projects/team-staging/databases/(default)\""
    )
    error_message = "the database is used, not managed"
  }

  assert {
    condition = (
      length(google_logging_metric.counter) == 0 && length(google_logging_metric.distribution) == 0
      && length(google_monitoring_alert_policy.count) == 0 && length(google_monitoring_alert_policy.no_sweep) == 0
      && length(google_monitoring_alert_policy.slow_wakes) == 0 && length(google_monitoring_dashboard.this) == 0
      && output.dashboard_id == null
    )
    error_message = "no metric, no alert, no dashboard"
  }
}

run "monitoring" {
  command = plan

  variables {
    schedule   = { paused = true }
    monitoring = { notification_channels = ["projects/team-staging/notificationChannels/1"], sweep_silence_minutes = 30, wake_p95_seconds = 8 }
  }

  assert {
    condition = (
      google_cloud_scheduler_job.sweep.paused
      && !google_monitoring_alert_policy.no_sweep[0].enabled
      && google_monitoring_alert_policy.no_sweep[0].conditions[0].condition_absent[0].duration == "1800s"
      && google_monitoring_alert_policy.slow_wakes[0].conditions[0].condition_threshold[0].threshold_value == 8000
    )
    error_message = "a schedule that is paused is not missed; limits are the variables'"
  }

  assert {
    condition = (
      keys(google_monitoring_alert_policy.count) == ["sweeps_blind", "sweeps_failed", "wakes_failed"]
      && alltrue([for policy in concat(values(google_monitoring_alert_policy.count), google_monitoring_alert_policy.no_sweep, google_monitoring_alert_policy.slow_wakes) :
        policy.notification_channels == tolist(["projects/team-staging/notificationChannels/1"])
      ])
    )
    error_message = "every alert tells the channels"
  }

  assert {
    condition = alltrue(flatten([for chart in jsondecode(google_monitoring_dashboard.this[0].dashboard_json).mosaicLayout.tiles :
      [for set in chart.widget.xyChart.dataSets : strcontains(set.timeSeriesQuery.prometheusQuery, "logging_googleapis_com:user_dormouse_")]
    ]))
    error_message = "the dashboard shows these metrics"
  }
}
