locals {
  # How PromQL calls a metric that comes from logs.
  prom = "logging_googleapis_com:user_${replace(var.name, "-", "_")}"

  charts = [
    { title = "Branches, and how many sleep", queries = {
      branches = "sum(increase(${local.prom}_branches_sum[10m])) / sum(increase(${local.prom}_branches_count[10m]))"
      asleep   = "sum(increase(${local.prom}_branches_asleep_sum[10m])) / sum(increase(${local.prom}_branches_asleep_count[10m]))"
    } },
    # Pods are not money: on a Standard cluster only nodes that go away are.
    { title = "Pod-hours saved in a day", queries = {
      hours = "24 * sum(increase(${local.prom}_pods_asleep_sum[1d])) / sum(increase(${local.prom}_pods_asleep_count[1d]))"
    } },
    { title = "Wakes and sleeps in an hour", queries = {
      wakes  = "sum(increase(${local.prom}_wakes[1h]))"
      sleeps = "sum(increase(${local.prom}_sleeps[1h]))"
    } },
    { title = "How long wakes took, milliseconds", queries = {
      p50 = "histogram_quantile(0.5, sum by (le) (rate(${local.prom}_wake_milliseconds_bucket[1h])))"
      p95 = "histogram_quantile(0.95, sum by (le) (rate(${local.prom}_wake_milliseconds_bucket[1h])))"
    } },
    { title = "How long requests were held, seconds", queries = {
      p50 = "histogram_quantile(0.5, sum by (le) (rate(${local.prom}_hold_seconds_bucket[1h])))"
      p95 = "histogram_quantile(0.95, sum by (le) (rate(${local.prom}_hold_seconds_bucket[1h])))"
    } },
    { title = "Held requests in an hour, by how it ended", queries = {
      held = "sum by (reason) (increase(${local.prom}_holds[1h]))"
    } },
    { title = "Failures in an hour", queries = {
      wakes = "sum(increase(${local.prom}_wakes_failed[1h]))"
      swept = "sum(increase(${local.prom}_sweeps_failed[1h]))"
      blind = "sum(increase(${local.prom}_sweeps_blind[1h]))"
    } },
  ]
}

resource "google_monitoring_dashboard" "this" {
  count = var.monitoring.enabled ? 1 : 0

  project = var.project_id
  dashboard_json = jsonencode({
    displayName = "Dormouse: ${var.name}"
    mosaicLayout = {
      columns = 48
      tiles = [for index, chart in local.charts : {
        xPos   = (index % 2) * 24
        yPos   = floor(index / 2) * 16
        width  = 24
        height = 16
        widget = {
          title = chart.title
          xyChart = {
            dataSets = [for legend, query in chart.queries : {
              plotType        = "LINE"
              legendTemplate  = legend
              timeSeriesQuery = { prometheusQuery = query }
            }]
          }
        }
      }]
    }
  })

  depends_on = [google_logging_metric.counter, google_logging_metric.distribution]
}
