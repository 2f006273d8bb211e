# That the example can be planned, and that its parts fit together.

mock_provider "google" {
  override_during = plan

  mock_resource "google_cloudfunctions2_function" {
    defaults = { service_config = { uri = "https://dormouse-abc.a.run.app" } }
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
    condition     = strcontains(module.staging_proxy.files["nginx.conf"], "default dormouse-abc.a.run.app:443;")
    error_message = "an old nginx looks the function up for every call"
  }
}
