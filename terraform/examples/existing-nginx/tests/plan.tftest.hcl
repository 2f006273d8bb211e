# That the example can be planned, and that its parts fit together.

mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

mock_provider "kubernetes" {
  override_during = plan
}

variables {
  project_id     = "team-staging"
  cluster        = { name = "staging", endpoint = "gke-0123abcd.asia-northeast1.gke.goog" }
  source_archive = "../../tests/archive.zip"
}

run "configuration_only" {
  command = plan

  assert {
    condition     = module.staging_proxy.service == null && output.config_map == "staging-proxy"
    error_message = "nothing runs in the cluster"
  }

  assert {
    condition     = strcontains(module.staging_proxy.files["nginx.conf"], "default dormouse-wake-123456789012.asia-northeast1.run.app:443;")
    error_message = "an old nginx looks the function up for every call"
  }
}
