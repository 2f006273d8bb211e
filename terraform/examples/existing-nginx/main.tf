# An nginx that is there already: Dormouse gives it a configuration and an identity, and runs nothing in the cluster.

variable "project_id" {
  type = string
}

variable "cluster" {
  type = object({ name = string, endpoint = string })
}

# What `npm run package` made: ../../../dist/dormouse.zip
variable "source_archive" {
  type = string
}

data "google_client_config" "this" {}

provider "kubernetes" {
  host  = "https://${var.cluster.endpoint}"
  token = data.google_client_config.this.access_token
}

module "dormouse" {
  source = "../.."

  project_id     = var.project_id
  region         = "asia-northeast1"
  source_archive = var.source_archive
  mode           = "dry-run"

  cluster = {
    name      = var.cluster.name
    endpoint  = var.cluster.endpoint
    namespace = "staging"
  }

  # The pods of your nginx: how many, and the service account that they run as.
  proxies = {
    replicas        = 3
    namespace       = "edge"
    service_account = "nginx"
  }
}

module "staging_proxy" {
  source = "../../staging-proxy"

  dormouse = module.dormouse.staging_proxy

  nginx = {
    # Before 1.27.3 nginx keeps no connection to a name, and looks it up for every call.
    version  = "1.22.1"
    listen   = "80"
    resolver = "10.0.0.10"
    pid_file = "/run/nginx.pid"
  }
}

# kubectl annotate serviceaccount -n edge nginx iam.gke.io/gcp-service-account=…
output "workload_identity_annotation" {
  value = module.dormouse.workload_identity_annotation
}

output "admission_policy" {
  value = module.dormouse.admission_policy
}

output "sleep_function_url" {
  value = module.dormouse.sleep_function_url
}

# Mount it at /etc/staging-proxy, and an empty folder at /var/cache/staging-proxy. Before nginx starts, remove the files in
# /var/cache/staging-proxy/connections: they stand for sockets of an earlier life.
output "config_map" {
  value = module.staging_proxy.config_map
}
