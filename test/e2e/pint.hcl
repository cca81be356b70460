prometheus "live" {
  uri     = "http://prometheus:9090"
  timeout = "30s"
}

# A young server has a history of minutes, and no series of what has not happened yet.
check "promql/series" {
  lookbackRange = "3m"
  lookbackStep  = "10s"

  ignoreLabelsValue = {
    "edge_requests_total"              = ["status"]
    "prefect_flow_runs_ended_recently" = ["state"]
    "prefect_flow_runs_due_recently"   = ["started"]
  }
}

# It must always fire: its absence is what tells.
rule {
  match {
    name = "Watchdog"
  }
  disable = ["alerts/comparison"]
}

# The edge counts an answer from the first one on, and errors are rare.
rule {
  match {
    name = "EdgeErrorsHigh|slo:availability:error_ratio_.+"
  }
  disable = ["promql/series"]
}

# A run that failed is counted for 15 minutes, and most of the time there is none.
rule {
  match {
    name = "PrefectFlowRunFailed"
  }
  disable = ["promql/series"]
}
