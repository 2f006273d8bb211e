# Where the functions are. Cloud Run gives each service two addresses and takes ID tokens for either. This one is known
# before the function is, so that the function itself can be told which tokens are for it; the other one
# (service_config[0].uri) has a random part. Source: Cloud Run, "Invoke with an HTTPS request", "Deterministic URL".
#
# Read at plan time, so that a plan shows the addresses: the project needs the Cloud Resource Manager API before.
data "google_project" "this" {
  project_id = var.project_id
}

locals {
  function_urls = {
    for function in ["wake", "sleep"] :
    function => "https://${var.name}-${function}-${data.google_project.this.number}.${var.region}.run.app"
  }

  # The second check, in the functions themselves: who calls, and for which address the token was made.
  caller_rules = {
    for function, caller in { wake = google_service_account.staging_proxy, sleep = google_service_account.scheduler } :
    function => var.identity_check ? {
      DORMOUSE_AUDIENCE        = local.function_urls[function]
      DORMOUSE_ALLOWED_CALLERS = caller.email
    } : {}
  }
}
