locals {
  is_released = startswith(var.source_archive, "gs://")
  released    = local.is_released ? regex("^gs://(?P<bucket>[^/]+)/(?P<object>.+)$", var.source_archive) : { bucket = "", object = "" }

  source = local.is_released ? local.released : {
    bucket = google_storage_bucket.source[0].name
    object = google_storage_bucket_object.source[0].name
  }
}

resource "google_storage_bucket" "source" {
  count = local.is_released ? 0 : 1

  project                     = var.project_id
  name                        = "${var.project_id}-${var.name}-source"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  # Nothing is lost: the archive can be made again, to the byte.
  force_destroy = true
}

resource "google_storage_bucket_object" "source" {
  count = local.is_released ? 0 : 1

  bucket = google_storage_bucket.source[0].name
  # A function notices a new source by its name alone: same bytes, same name, no build.
  name   = "${filemd5(var.source_archive)}.zip"
  source = var.source_archive
}
