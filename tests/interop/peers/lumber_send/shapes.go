// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"
)

type object = map[string]interface{}

// A shape makes the data part of event n; envelope() puts what every Beat adds around it.
type shape struct {
	beat    string
	version string
	fill    func(event object, s shape, n int, message string)
}

// The Beats of 8.x and 9.x cannot be built as a module, so their events are made after their form.
var shapes = map[string]shape{
	"filebeat-8":   {"filebeat", "8.19.2", fillLine},
	"filebeat-9":   {"filebeat", "9.1.2", fillLine},
	"metricbeat-8": {"metricbeat", "8.19.2", fillMetric},
	"metricbeat-9": {"metricbeat", "9.1.2", fillMetric},
}

func shapeNames() string {
	var names []string
	for name := range shapes {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

func makeEvents(name, tag string, count int) ([]interface{}, error) {
	s, ok := shapes[name]
	if !ok {
		return nil, fmt.Errorf("no shape %q; there are %s", name, shapeNames())
	}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	events := make([]interface{}, count)
	for n := range events {
		e := envelope(s, start.Add(time.Duration(n)*time.Millisecond))
		s.fill(e, s, n, fmt.Sprintf("%s %08d", tag, n))
		text, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		events[n] = text
	}
	return events, nil
}

func envelope(s shape, at time.Time) object {
	return object{
		"@timestamp": at.Format("2006-01-02T15:04:05.000Z"),
		"@metadata":  object{"beat": s.beat, "type": "_doc", "version": s.version},
		"ecs":        object{"version": "8.0.0"},
		"agent": object{
			"ephemeral_id": "6d1b7a52-1f0e-4c1c-9a39-3a1f6f0e8a10", "type": s.beat, "name": "web-1",
			"id": "0b7f3a0c-95a4-4b63-8a4b-7f3c1c9e2d41", "version": s.version,
		},
		"host": object{
			"name": "web-1", "hostname": "web-1", "architecture": "x86_64", "containerized": false,
			"id": "5f2d8c1e9b604a7d8e3f1a2b3c4d5e6f",
			"ip": []string{"192.0.2.17", "2001:db8::17"}, "mac": []string{"02-00-5E-10-00-17"},
			"os": object{
				"type": "linux", "platform": "debian", "family": "debian", "name": "Debian GNU/Linux",
				"version": "12 (bookworm)", "codename": "bookworm", "kernel": "6.1.0-28-amd64",
			},
		},
	}
}

// From 9.x on a file is known by a fingerprint of its first bytes.
func fillLine(e object, s shape, n int, message string) {
	file := object{"path": "/var/log/app/app.log", "device_id": "2049", "inode": "524301"}
	if strings.HasPrefix(s.version, "9.") {
		file["fingerprint"] = "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a"
	}
	e["message"] = message
	e["log"] = object{"offset": n * (len(message) + 1), "file": file}
	e["input"] = object{"type": "filestream"}
}

// Metric events carry no message; ours do, so that receivers can count them.
func fillMetric(e object, _ shape, n int, message string) {
	e["message"] = message
	e["event"] = object{"dataset": "system.cpu", "module": "system", "duration": 115430 + n}
	e["metricset"] = object{"name": "cpu", "period": 10000}
	e["service"] = object{"type": "system"}
	e["host"].(object)["cpu"] = object{"usage": 0.0375}
	e["system"] = object{"cpu": object{
		"cores": 2, "user": object{"pct": 0.0521, "norm": object{"pct": 0.026}},
		"system": object{"pct": 0.0229, "norm": object{"pct": 0.0114}},
		"idle":   object{"pct": 1.925, "norm": object{"pct": 0.9625}},
		"total":  object{"pct": 0.075, "norm": object{"pct": 0.0375}},
		"iowait": object{"pct": 0, "norm": object{"pct": 0}},
	}}
}
