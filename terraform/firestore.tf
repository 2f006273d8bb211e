resource "google_firestore_database" "this" {
  count = var.store.create ? 1 : 0

  project                           = var.project_id
  name                              = var.store.database
  location_id                       = coalesce(var.store.location, var.region)
  type                              = "FIRESTORE_NATIVE"
  point_in_time_recovery_enablement = var.store.point_in_time_recovery ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"
  delete_protection_state           = var.store.delete_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  # It outlives a destroy: the record of what sleeps, and how many replicas it had, is worth more than the few cents.
  deletion_policy = "ABANDON"

  depends_on = [google_project_service.this]
}

# Records of branches that are gone, and of nginx pods that are gone, go by themselves.
resource "google_firestore_field" "expiry" {
  for_each = var.store.create ? toset(["branches", "heartbeats"]) : toset([])

  project    = var.project_id
  database   = google_firestore_database.this[0].name
  collection = each.key
  field      = "expireAt"

  ttl_config {}
  # Nobody asks for them by this time.
  index_config {}
}

# Reads and writes records, deletes nothing, in one database.
resource "google_project_iam_custom_role" "records" {
  project     = var.project_id
  role_id     = "${replace(var.name, "-", "_")}_records"
  title       = "Dormouse records (${var.name})"
  description = "Reads and writes the records of branches"
  permissions = [
    "datastore.databases.get",
    "datastore.entities.create",
    "datastore.entities.get",
    "datastore.entities.list",
    "datastore.entities.update",
  ]

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "records" {
  for_each = {
    wake  = google_service_account.wake.member
    sleep = google_service_account.sleep.member
  }

  project = var.project_id
  role    = google_project_iam_custom_role.records.id
  member  = each.value

  # By equality: databases whose names begin alike are others.
  condition {
    title      = "${var.name}_database"
    expression = "resource.name == \"projects/${var.project_id}/databases/${var.store.database}\""
  }
}
