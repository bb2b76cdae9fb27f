// SPDX-License-Identifier: GPL-3.0-or-later

// lumber_recv takes events with go-lumber's own server and acknowledges them: the independent
// reader against which senders are checked. It counts distinct texts of one field. Standard output
// carries one JSON object whenever the counts changed, and a last one, with "final" set, when
// SIGTERM or SIGINT ends it.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/elastic/go-lumber/lj"
	"github.com/elastic/go-lumber/server"
)

type counts struct {
	Events      int   `json:"events"`
	Distinct    int   `json:"distinct"`
	Repeated    int   `json:"repeated"`
	Batches     int   `json:"batches"`
	Largest     int   `json:"largest"`
	Connections int64 `json:"connections"`
	Final       bool  `json:"final"`
}

type countingListener struct {
	net.Listener
	accepted atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.accepted.Add(1)
	}
	return c, err
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	cert := flag.String("cert", "", "server certificate; turns TLS on")
	key := flag.String("key", "", "server key")
	clientCA := flag.String("client-ca", "", "CA of client certificates, which are then required")
	field := flag.String("field", "message", "text field whose values are counted")
	events := flag.String("events", "", "file that gets every event as a JSON line")
	ackDelay := flag.Duration("ack-delay", 0, "wait before each acknowledgement")
	version := flag.Int("protocol", 2, "version of the protocol, 1 or 2")
	flag.Parse()

	cfg, err := tlsConfig(*cert, *key, *clientCA)
	if err == nil {
		err = run(*listen, cfg, *version, *field, *events, *ackDelay)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lumber_recv:", err)
		os.Exit(2)
	}
}

func run(address string, cfg *tls.Config, version int, field, events string,
	ackDelay time.Duration) error {
	inner, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	counting := &countingListener{Listener: inner}
	var listener net.Listener = counting
	if cfg != nil {
		listener = tls.NewListener(counting, cfg)
	}
	var copyTo *os.File
	if events != "" {
		if copyTo, err = os.Create(events); err != nil {
			return err
		}
		defer copyTo.Close()
	}
	receiver, err := server.NewWithListener(listener, server.V1(version == 1),
		server.V2(version == 2))
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "listening on", inner.Addr())

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	tick := time.NewTicker(100 * time.Millisecond)
	seen := map[string]bool{}
	var now, printed counts
	for {
		select {
		case batch := <-receiver.ReceiveChan():
			take(batch, field, seen, &now, copyTo)
			time.Sleep(ackDelay)
			batch.ACK()
		case <-tick.C:
			now.Connections = counting.accepted.Load()
			if now != printed {
				printed = now
				_ = json.NewEncoder(os.Stdout).Encode(now)
			}
		case <-stop:
			now.Connections = counting.accepted.Load()
			now.Final = true
			return json.NewEncoder(os.Stdout).Encode(now)
		}
	}
}

func take(batch *lj.Batch, field string, seen map[string]bool, c *counts, copyTo *os.File) {
	c.Batches++
	c.Largest = max(c.Largest, len(batch.Events))
	for _, e := range batch.Events {
		c.Events++
		if text, ok := textOf(e, field); ok {
			if seen[text] {
				c.Repeated++
			}
			seen[text] = true
		}
		if copyTo != nil {
			_ = json.NewEncoder(copyTo).Encode(e)
		}
	}
	c.Distinct = len(seen)
}

// textOf is one text field of an event, which is made of texts alone in version 1.
func textOf(event interface{}, field string) (text string, ok bool) {
	switch fields := event.(type) {
	case map[string]interface{}:
		text, ok = fields[field].(string)
	case map[string]string:
		text, ok = fields[field]
	}
	return text, ok
}

func tlsConfig(cert, key, clientCA string) (*tls.Config, error) {
	if cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{pair}}
	if clientCA != "" {
		pem, err := os.ReadFile(clientCA)
		if err != nil {
			return nil, err
		}
		cfg.ClientCAs = x509.NewCertPool()
		if !cfg.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New(clientCA + ": no certificate")
		}
		cfg.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return cfg, nil
}
