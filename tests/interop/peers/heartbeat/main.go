// SPDX-License-Identifier: GPL-3.0-or-later

// Heartbeat with its own monitors and nothing of x-pack.
package main

import (
	"os"

	"github.com/elastic/beats/v7/heartbeat/cmd"
	_ "github.com/elastic/beats/v7/heartbeat/include"
)

func main() {
	if cmd.RootCmd.Execute() != nil {
		os.Exit(1)
	}
}
