# That the example can be planned, and that its parts fit together.

mock_provider "google" {
  override_during = plan

  mock_data "google_container_cluster" {
    defaults = { control_plane_endpoints_config = [{ dns_endpoint_config = [{ endpoint = "gke-0123abcd.asia-northeast1.gke.goog" }] }] }
  }

  mock_resource "google_monitoring_notification_channel" {
    defaults = { name = "projects/team-staging/notificationChannels/1" }
  }

  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

mock_provider "kubernetes" {
  override_during = plan

  mock_data "kubernetes_service_v1" {
    defaults = { spec = [{ cluster_ip = "10.8.0.10" }] }
  }
}

variables {
  project_id     = "team-staging"
  cluster        = { name = "staging", location = "asia-northeast1" }
  alert_email    = "team@example.com"
  source_archive = "../../tests/archive.zip"
}

run "everything" {
  command = plan

  assert {
    condition     = module.staging_proxy.service == { namespace = "staging-proxy", name = "staging-proxy", port = 80 }
    error_message = "a staging-proxy runs"
  }

  assert {
    condition     = strcontains(module.staging_proxy.files["nginx.conf"], "audience=https://dormouse-wake-123456789012.asia-northeast1.run.app;")
    error_message = "it calls the function"
  }

  assert {
    condition     = length(google_billing_budget.this) == 0
    error_message = "a budget only if it is asked for"
  }
}

run "with_a_budget" {
  command = plan

  variables {
    budget = { billing_account = "000000-000000-000000", units = 100 }
  }

  assert {
    condition     = google_billing_budget.this[0].amount[0].specified_amount[0].units == "100"
    error_message = "an alert on what it costs"
  }
}
