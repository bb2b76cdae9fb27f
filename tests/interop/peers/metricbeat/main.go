// SPDX-License-Identifier: GPL-3.0-or-later

// Metricbeat with its own modules and nothing of x-pack.
package main

import (
	"os"

	"github.com/elastic/beats/v7/metricbeat/cmd"
)

func main() {
	if cmd.RootCmd.Execute() != nil {
		os.Exit(1)
	}
}
