# Optional: an alert on what the project costs. Dormouse itself stays within a few dollars (docs/adopting.md).

variable "budget" {
  description = "A billing account, and units of its currency a month; null for none."
  type        = object({ billing_account = string, units = number })
  default     = null
}

data "google_project" "this" {
  project_id = var.project_id
}

resource "google_billing_budget" "this" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "Staging"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.budget.units)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.team.name]
  }
}
