output "files" {
  description = "The configuration, by file name: for an nginx of your own, put them into nginx.config_folder and start `nginx -c FOLDER/nginx.conf`."
  value       = local.files
}

output "config_map" {
  description = "Name of the ConfigMap with these files; null without."
  value       = one(kubernetes_config_map_v1.this[*].metadata[0].name)
}

output "service" {
  description = "The Service of the staging-proxy that runs here, for your load balancer; null without `run`."
  value       = var.run == null ? null : { namespace = local.namespace, name = kubernetes_service_v1.this[0].metadata[0].name, port = 80 }
}
