# Everything: both functions, the database, the schedule, the alerts, and a staging-proxy that runs in the cluster.

variable "project_id" {
  type = string
}

variable "cluster" {
  type = object({ name = string, location = string })
}

variable "alert_email" {
  type = string
}

# What `npm run package` made: ../../../dist/dormouse.zip
variable "source_archive" {
  type = string
}

data "google_client_config" "this" {}

data "google_container_cluster" "staging" {
  project  = var.project_id
  name     = var.cluster.name
  location = var.cluster.location
}

locals {
  cluster_endpoint = data.google_container_cluster.staging.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint
}

provider "kubernetes" {
  # By its DNS endpoint, whose certificate is a public one: no cluster CA.
  host  = "https://${local.cluster_endpoint}"
  token = data.google_client_config.this.access_token
}

resource "google_monitoring_notification_channel" "team" {
  project      = var.project_id
  display_name = "Staging team"
  type         = "email"
  labels       = { email_address = var.alert_email }
}

module "dormouse" {
  source = "../.."

  project_id     = var.project_id
  region         = "asia-northeast1"
  source_archive = var.source_archive

  cluster = {
    name      = var.cluster.name
    endpoint  = local.cluster_endpoint
    namespace = "staging"
  }

  # The first week: decides and logs, and changes nothing. Then "on".
  mode = "dry-run"

  monitoring = {
    notification_channels = [google_monitoring_notification_channel.team.name]
  }
}

module "staging_proxy" {
  source = "../../staging-proxy"

  dormouse      = module.dormouse.staging_proxy
  host_suffixes = ["gyazo.example"]
  run           = {}
}

output "admission_policy" {
  value = module.dormouse.admission_policy
}

output "sleep_function_url" {
  value = module.dormouse.sleep_function_url
}
