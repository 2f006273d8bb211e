variable "project_id" {
  description = "Project of the functions, the database and the schedule."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be the id of a project, such as \"my-project-123\": not its number, not its display name."
  }
}

variable "region" {
  description = "Region of the functions and the schedule. Take the cluster's: every wake calls it."
  type        = string

  validation {
    condition     = contains(local.regions, var.region)
    error_message = "region \"${var.region}\" is not known: write a region such as \"asia-northeast1\" (not a zone, not \"asia\"). One that is new to Google Cloud goes into terraform/regions.tf."
  }
}

variable "name" {
  description = "Prefix of everything that is created, so that several may live in one project."
  type        = string
  default     = "dormouse"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,14}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 16 characters of a-z, 0-9 and \"-\", and begin with a letter: service accounts are named after it."
  }
}

variable "source_archive" {
  description = "What runs: the file that `npm run package` makes (dist/dormouse.zip), or gs://BUCKET/OBJECT.zip of a released one."
  type        = string

  validation {
    condition     = can(regex("^gs://[a-z0-9._-]+/.+[.]zip$", var.source_archive)) || (!startswith(var.source_archive, "gs:") && fileexists(var.source_archive))
    error_message = "source_archive must be a file that exists, or gs://BUCKET/OBJECT.zip: run `npm run package` and write the path of dist/dormouse.zip."
  }
}

variable "cluster" {
  description = "The GKE cluster and the namespace of its branches. `endpoint` is the DNS endpoint, `gke-….gke.goog`, open to external traffic. `role` chooses between a Role and a ClusterRole; both are bound in the namespace only. `admission_policy` chooses whether the policy is only put out as YAML, or created too (needs the live API at plan time)."
  type = object({
    name             = string
    endpoint         = string
    namespace        = string
    project_id       = optional(string)
    role             = optional(string, "Role")
    admission_policy = optional(string, "output")
  })

  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", var.cluster.name)) && can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", var.cluster.namespace))
    error_message = "cluster.name and cluster.namespace must be plain names in lower case, such as \"staging\": no path, no project."
  }

  validation {
    condition     = can(regex("^[a-z0-9-]+([.][a-z0-9-]+)+$", var.cluster.endpoint)) && !can(regex("^[0-9.]+$", var.cluster.endpoint))
    error_message = "cluster.endpoint must be the DNS endpoint without \"https://\", such as \"gke-….asia-northeast1.gke.goog\": the output of `gcloud container clusters describe NAME --format='value(controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint)'`. An IP address would need a VPC connector."
  }

  validation {
    condition     = contains(["Role", "ClusterRole"], var.cluster.role)
    error_message = "cluster.role must be \"Role\" or \"ClusterRole\"."
  }

  validation {
    condition     = contains(["output", "resource"], var.cluster.admission_policy)
    error_message = "cluster.admission_policy must be \"output\" (apply the YAML yourself) or \"resource\" (Terraform does)."
  }
}

variable "mode" {
  description = "`on`; `dry-run` decides and logs, and changes nothing (the first week); `off` wakes all that sleeps and puts nothing to sleep (before `terraform destroy`)."
  type        = string
  default     = "on"

  validation {
    condition     = contains(["on", "dry-run", "off"], var.mode)
    error_message = "mode must be \"on\", \"dry-run\" or \"off\"."
  }

  validation {
    condition     = !(var.mode == "off" && var.schedule.paused)
    error_message = "mode = \"off\" needs the sweep, which wakes what sleeps: set schedule.paused = false."
  }
}

variable "idle_after_minutes" {
  description = "Minutes without a visit after which a branch sleeps, unless an annotation says otherwise."
  type        = number
  default     = 60

  validation {
    condition     = var.idle_after_minutes >= 5 && var.idle_after_minutes <= 525600 && floor(var.idle_after_minutes) == var.idle_after_minutes
    error_message = "idle_after_minutes must be a whole number from 5 to 525600. To put nothing to sleep, set mode = \"off\"."
  }
}

variable "hold" {
  description = "How long a request waits at most while its branch wakes, and the timeout of the load balancer before nginx, which must be longer."
  type = object({
    limit_seconds                 = optional(number, 25)
    load_balancer_timeout_seconds = optional(number, 30)
  })
  default = {}

  validation {
    condition     = var.hold.limit_seconds >= 2 && var.hold.limit_seconds <= 3000 && floor(var.hold.limit_seconds) == var.hold.limit_seconds
    error_message = "hold.limit_seconds must be a whole number from 2 to 3000."
  }

  validation {
    condition     = var.hold.limit_seconds < var.hold.load_balancer_timeout_seconds
    error_message = "hold.limit_seconds must be less than hold.load_balancer_timeout_seconds, or the load balancer cuts off those who wait: lower the first, or raise the second and the load balancer's timeoutSec with it."
  }
}

variable "wake" {
  description = "The function that nginx calls. It answers 1,000 requests at a time in each instance. `min_instances = 1` spares the first visitor a cold start. `ingress`: see docs/adopting.md before you narrow it."
  type = object({
    min_instances   = optional(number, 0)
    max_instances   = optional(number, 20)
    memory          = optional(string, "512Mi")
    timeout_seconds = optional(number, 60)
    ingress         = optional(string, "ALLOW_ALL")
  })
  default = {}

  validation {
    condition     = var.wake.timeout_seconds > var.hold.limit_seconds + 10 && var.wake.timeout_seconds <= 3600
    error_message = "wake.timeout_seconds must be at most 3600 and more than hold.limit_seconds + 10, which is how long nginx waits for the function."
  }

  validation {
    condition     = var.wake.min_instances >= 0 && var.wake.min_instances <= var.wake.max_instances
    error_message = "wake.min_instances must be from 0 to wake.max_instances."
  }

  validation {
    condition     = var.wake.max_instances * 600 >= coalesce(var.proxies.max_replicas, var.proxies.replicas) * var.proxies.held_in_all
    error_message = "wake.max_instances is too small: beyond it Cloud Run answers 429 to those who wait. It must be at least the number of nginx pods × proxies.held_in_all ÷ 600."
  }

  validation {
    condition     = contains(["ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"], var.wake.ingress)
    error_message = "wake.ingress must be \"ALLOW_ALL\" (callers need an ID token all the same), \"ALLOW_INTERNAL_ONLY\" or \"ALLOW_INTERNAL_AND_GCLB\"."
  }

  validation {
    condition     = can(regex("^[0-9]+(Mi|Gi)$", var.wake.memory))
    error_message = "wake.memory must be an amount such as \"512Mi\" or \"1Gi\"."
  }
}

variable "sleep" {
  description = "The function that sweeps: how long one sweep may take, and on how many branches it works at once. With `ingress = \"ALLOW_INTERNAL_ONLY\"` Cloud Scheduler still reaches it, and nobody's dry run does. `may_delete` gives it the right to delete branches whose annotation `dormouse/delete-after` asks for it, and has it heed that: docs/policies.md."
  type = object({
    memory          = optional(string, "512Mi")
    timeout_seconds = optional(number, 300)
    batch_size      = optional(number, 20)
    ingress         = optional(string, "ALLOW_ALL")
    may_delete      = optional(bool, false)
  })
  default = {}

  validation {
    condition     = var.sleep.timeout_seconds >= 120 && var.sleep.timeout_seconds <= 1800
    error_message = "sleep.timeout_seconds must be from 120 to 1800: a sweep takes on nothing in its last minute, and Cloud Scheduler waits for 30 minutes at most."
  }

  validation {
    condition     = var.sleep.batch_size >= 1 && var.sleep.batch_size <= 100 && floor(var.sleep.batch_size) == var.sleep.batch_size
    error_message = "sleep.batch_size must be a whole number from 1 to 100."
  }

  validation {
    condition     = can(regex("^[0-9]+(Mi|Gi)$", var.sleep.memory))
    error_message = "sleep.memory must be an amount such as \"512Mi\" or \"1Gi\"."
  }

  validation {
    condition     = contains(["ALLOW_ALL", "ALLOW_INTERNAL_ONLY"], var.sleep.ingress)
    error_message = "sleep.ingress must be \"ALLOW_ALL\" (callers need an ID token all the same) or \"ALLOW_INTERNAL_ONLY\"."
  }
}

variable "identity_check" {
  description = "Whether the functions check by themselves who calls, should Cloud Run ever let everybody in: Google's signature, for which function, and whose token it is. Turn it off only to find out what is wrong: docs/adopting.md, step 6."
  type        = bool
  default     = true
}

variable "policies" {
  description = "What holds unless annotations say otherwise: within how many days somebody must have visited or deployed a branch for the hours of its namespace to wake it, and for how many hours open pages alone keep one awake after the last request that somebody made. docs/policies.md."
  type = object({
    scheduled_wake_days  = optional(number, 7)
    background_max_hours = optional(number, 12)
  })
  default = {}

  validation {
    condition     = var.policies.scheduled_wake_days >= 1 && var.policies.scheduled_wake_days <= 365 && floor(var.policies.scheduled_wake_days) == var.policies.scheduled_wake_days
    error_message = "policies.scheduled_wake_days must be a whole number from 1 to 365."
  }

  validation {
    condition     = var.policies.background_max_hours >= 1 && var.policies.background_max_hours <= 8760 && floor(var.policies.background_max_hours) == var.policies.background_max_hours
    error_message = "policies.background_max_hours must be a whole number from 1 to 8760."
  }
}

variable "schedule" {
  description = "When the sweep runs: every so many minutes; or a cron line of 5 fields in its stead, whose longest pause within working hours `every_minutes` then says. Its time zone, how often a failed one is tried again, and whether it is paused."
  type = object({
    every_minutes = optional(number, 5)
    cron          = optional(string)
    time_zone     = optional(string, "Etc/UTC")
    retries       = optional(number, 1)
    paused        = optional(bool, false)
  })
  default = {}

  validation {
    condition     = contains([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60], var.schedule.every_minutes)
    error_message = "schedule.every_minutes must be a part of an hour: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60. Cron begins to count anew with each hour."
  }

  validation {
    condition     = var.schedule.cron == null || can(regex("^[0-9A-Za-z*/,-]+( [0-9A-Za-z*/,-]+){4}$", var.schedule.cron))
    error_message = "schedule.cron must have 5 fields (minute, hour, day, month, weekday), such as \"*/5 * * * *\": there are no seconds and no years."
  }

  # Hours that open between two sweeps would be heeded too late.
  validation {
    condition     = try(tonumber(regex("^[*]/([0-9]+) ", var.schedule.cron)[0]), can(regex("^[0-9]+ ", var.schedule.cron)) ? 60 : 0) <= var.schedule.every_minutes
    error_message = "schedule.cron pauses for longer than schedule.every_minutes: set that to the minutes between two sweeps, too."
  }

  validation {
    condition     = can(regex("^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$", var.schedule.time_zone))
    error_message = "schedule.time_zone must be a name of the time zone database, such as \"Asia/Tokyo\": no abbreviation, no offset."
  }

  validation {
    condition     = var.schedule.retries >= 0 && var.schedule.retries <= 5
    error_message = "schedule.retries must be from 0 to 5."
  }
}

variable "proxies" {
  description = "The nginx pods: how many there are at least (with fewer that report, nothing is put to sleep) and at most, how many requests each may hold, and whose identity they have: a Kubernetes service account of their own, in a namespace of their own."
  type = object({
    replicas        = optional(number, 2)
    max_replicas    = optional(number)
    held_in_all     = optional(number, 4000)
    namespace       = optional(string, "staging-proxy")
    service_account = optional(string, "staging-proxy")
  })
  default = {}

  validation {
    condition     = var.proxies.replicas >= 1 && var.proxies.replicas <= 1000 && coalesce(var.proxies.max_replicas, var.proxies.replicas) >= var.proxies.replicas
    error_message = "proxies.replicas must be from 1 to 1000, and proxies.max_replicas not less."
  }

  validation {
    condition     = var.proxies.held_in_all >= 1 && var.proxies.held_in_all <= 7000
    error_message = "proxies.held_in_all must be from 1 to 7000: a request that waits takes two of nginx's 16,384 connections."
  }

  validation {
    condition     = var.proxies.namespace != var.cluster.namespace
    error_message = "proxies.namespace must not be cluster.namespace: a branch's pod could take the proxy's service account, and with it the right to call the function. Give nginx a namespace of its own."
  }

  validation {
    condition     = var.proxies.service_account != "default"
    error_message = "proxies.service_account must not be \"default\", which every pod of the namespace has: give nginx a service account of its own."
  }
}

variable "store" {
  description = "The Firestore database of the records; `location` defaults to the region. With `create = false` it is there already (another Dormouse's, or left over by a destroy) and has the TTL policies."
  type = object({
    database               = optional(string, "dormouse")
    create                 = optional(bool, true)
    location               = optional(string)
    point_in_time_recovery = optional(bool, false)
    delete_protection      = optional(bool, true)
  })
  default = {}

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.store.database)) || var.store.database == "(default)"
    error_message = "store.database must have 4 to 63 characters of a-z, 0-9 and \"-\" and begin with a letter, or be \"(default)\"."
  }

  validation {
    condition     = var.store.database != "(default)" || !var.store.create
    error_message = "store.database = \"(default)\" is the project's own: it needs store.create = false, or better a database of another name."
  }
}

variable "page" {
  description = "What stands on the waiting page: in its title, at its top, and where that leads."
  type = object({
    title = optional(string)
    logo  = optional(string)
    link  = optional(string)
  })
  default = {}

  validation {
    condition     = var.page.link == null || can(regex("^https?://", var.page.link))
    error_message = "page.link must be an http or https URL."
  }

  validation {
    condition     = alltrue([for text in [var.page.title, var.page.logo] : length(coalesce(text, "-")) <= 80])
    error_message = "page.title and page.logo must be texts of at most 80 characters."
  }
}

variable "monitoring" {
  description = "Metrics, a dashboard and alerts. `sweep_silence_minutes`: an alert when no sweep went well for so long; without it, three times `schedule.every_minutes`. `wake_p95_seconds`: an alert when 5 of 100 wakes take longer. Channels are names, projects/P/notificationChannels/N."
  type = object({
    enabled               = optional(bool, true)
    notification_channels = optional(list(string), [])
    sweep_silence_minutes = optional(number)
    wake_p95_seconds      = optional(number, 20)
  })
  default = {}

  validation {
    condition     = alltrue([for channel in var.monitoring.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", channel))])
    error_message = "monitoring.notification_channels must be names such as \"projects/P/notificationChannels/123\": the attribute `name` of a google_monitoring_notification_channel."
  }

  validation {
    condition     = coalesce(var.monitoring.sweep_silence_minutes, 3) >= 3 && coalesce(var.monitoring.sweep_silence_minutes, 3) <= 1410
    error_message = "monitoring.sweep_silence_minutes must be from 3 to 1410 (23.5 hours)."
  }

  validation {
    condition     = var.monitoring.wake_p95_seconds > 0
    error_message = "monitoring.wake_p95_seconds must be more than 0."
  }
}
