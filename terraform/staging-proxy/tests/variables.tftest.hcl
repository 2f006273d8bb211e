# Every limit from both sides. In a run that expects failures, each variable named there must be refused.

mock_provider "kubernetes" {}

variables {
  dormouse = {
    wake_function_url      = "https://dormouse-wake-abc.a.run.app"
    google_service_account = "proxy@team-staging.iam.gserviceaccount.com"
    branch_namespace       = "branches"
    namespace              = "staging-proxy"
    service_account        = "staging-proxy"
    replicas               = 2
    held_in_all            = 4000
    hold_limit_seconds     = 25
  }
  nginx = { resolver = "10.0.0.10" }
}

run "least" {
  command = plan

  variables {
    name          = "a"
    nginx         = { version = "1.22.0", listen = "1024", resolver = "fd00::a", application_timeout = "90s" }
    limits        = { touches_per_minute = 1, held_per_branch = 1 }
    run           = {}
    host_suffixes = ["a.example", "b.example"]
  }
}

run "too_little" {
  command = plan

  variables {
    name     = ""
    nginx    = { version = "1.21.9", resolver = "10.0.0.10" }
    limits   = { touches_per_minute = 0 }
    visitors = { robot_agents = [""] }
  }

  expect_failures = [
    var.name,
    var.nginx,
    var.limits,
    var.visitors,
  ]
}

run "too_much" {
  command = plan

  variables {
    name     = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    nginx    = { version = "stable", resolver = "10.0.0.10" }
    limits   = { touches_per_minute = 61 }
    visitors = { ignored_paths = ["/a\"; }"] }
  }

  expect_failures = [
    var.name,
    var.nginx,
    var.limits,
    var.visitors,
  ]
}

run "names_for_addresses" {
  command = plan

  variables {
    nginx    = { resolver = "kube-dns.kube-system" }
    visitors = { ignored_networks = ["192.0.2.1"] }
    limits   = { held_per_branch = 4001 }
  }

  expect_failures = [
    var.nginx,
    var.visitors,
    var.limits,
  ]
}

run "one_port_for_two" {
  command = plan

  variables {
    nginx    = { resolver = "10.0.0.10", relay_port = 8198 }
    visitors = { wake_header = "X Wake" }
  }

  expect_failures = [
    var.nginx,
    var.visitors,
  ]
}

run "time_in_words" {
  command = plan

  variables {
    nginx = { resolver = "10.0.0.10", application_timeout = "soon" }
  }

  expect_failures = [var.nginx]
}

run "address_with_a_path" {
  command = plan

  variables {
    dormouse = {
      wake_function_url      = "https://dormouse-wake-abc.a.run.app/"
      google_service_account = "proxy@team-staging.iam.gserviceaccount.com"
      branch_namespace       = "branches"
      namespace              = "staging-proxy"
      service_account        = "staging-proxy"
      replicas               = 2
      held_in_all            = 4000
      hold_limit_seconds     = 25
    }
  }

  expect_failures = [var.dormouse]
}

run "address_in_the_clear" {
  command = plan

  variables {
    dormouse = {
      wake_function_url      = "http://dormouse-wake-abc.a.run.app"
      google_service_account = "proxy@team-staging.iam.gserviceaccount.com"
      branch_namespace       = "branches"
      namespace              = "staging-proxy"
      service_account        = "staging-proxy"
      replicas               = 2
      held_in_all            = 4000
      hold_limit_seconds     = 25
    }
  }

  expect_failures = [var.dormouse]
}

run "domain_with_an_asterisk" {
  command = plan

  variables {
    host_suffixes = ["*.gyazo.example"]
    run           = {}
  }

  expect_failures = [var.host_suffixes]
}

run "domains_that_overlap" {
  command = plan

  variables {
    host_suffixes = ["gyazo.example", "staging.gyazo.example"]
    run           = {}
  }

  expect_failures = [var.host_suffixes]
}

run "domain_that_is_there_twice" {
  command = plan

  variables {
    host_suffixes = ["gyazo.example", "gyazo.example"]
    run           = {}
  }

  expect_failures = [var.host_suffixes]
}

run "domains_without_a_proxy" {
  command = plan

  variables {
    host_suffixes = ["gyazo.example"]
  }

  expect_failures = [var.host_suffixes]
}

run "networks_in_words" {
  command = plan

  variables {
    run = { allow_from = ["everywhere"] }
  }

  expect_failures = [var.run]
}

run "nobody_let_in_who_would_be_everybody" {
  command = plan

  variables {
    run = { allow_from = [] }
  }

  expect_failures = [var.run]
}

run "proxy_that_would_need_root" {
  command = plan

  variables {
    nginx = { resolver = "10.0.0.10", listen = "80" }
    run   = {}
  }

  expect_failures = [var.run]
}

run "proxy_without_its_configuration" {
  command = plan

  variables {
    config_map = false
    run        = {}
  }

  expect_failures = [var.config_map]
}
