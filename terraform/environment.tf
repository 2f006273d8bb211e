locals {
  # What both functions read: docs/configuration.md. They refuse to start with a variable that they do not know.
  environment = merge(
    {
      GOOGLE_CLOUD_PROJECT            = var.project_id
      DORMOUSE_CLUSTER                = var.cluster.name
      DORMOUSE_NAMESPACE              = var.cluster.namespace
      DORMOUSE_GKE_ENDPOINT           = var.cluster.endpoint
      DORMOUSE_FIRESTORE_DATABASE     = var.store.database
      DORMOUSE_MODE                   = var.mode
      DORMOUSE_IDLE_AFTER_MINUTES     = tostring(var.idle_after_minutes)
      DORMOUSE_HOLD_LIMIT_SECONDS     = tostring(var.hold.limit_seconds)
      DORMOUSE_EXPECTED_PROXIES       = tostring(var.proxies.replicas)
      DORMOUSE_SWEEP_BATCH_SIZE       = tostring(var.sleep.batch_size)
      DORMOUSE_SWEEP_DEADLINE_SECONDS = tostring(var.sleep.timeout_seconds - local.sweep_margin_seconds)
      # Where the build leaves what it compiled, of functions-framework too: Google builds and runs in this folder. Where it
      # is not there, a start takes longer, and that is all.
      NODE_COMPILE_CACHE = "/workspace/.compile-cache"
    },
    { for key, text in {
      DORMOUSE_PAGE_TITLE = var.page.title
      DORMOUSE_PAGE_LOGO  = var.page.logo
      DORMOUSE_PAGE_LINK  = var.page.link
    } : key => text if text != null },
  )

  labels = { dormouse = var.name }
}
