locals {
  # The cron line, unless one is given, and what the functions are told: they heed what is due before the next sweep.
  sweep_every_minutes = var.schedule.every_minutes
  sweep_cron          = coalesce(var.schedule.cron, local.sweep_every_minutes == 60 ? "0 * * * *" : "*/${local.sweep_every_minutes} * * * *")

  # One sweep that fails is tried again; three in a row are nobody's accident.
  sweep_silence_minutes = coalesce(var.monitoring.sweep_silence_minutes, 3 * local.sweep_every_minutes)

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
      DORMOUSE_SWEEP_EVERY_MINUTES    = tostring(local.sweep_every_minutes)
      DORMOUSE_SCHEDULED_WAKE_DAYS    = tostring(var.policies.scheduled_wake_days)
      DORMOUSE_BACKGROUND_MAX_HOURS   = tostring(var.policies.background_max_hours)
      DORMOUSE_MAY_DELETE             = tostring(var.sleep.may_delete)
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
