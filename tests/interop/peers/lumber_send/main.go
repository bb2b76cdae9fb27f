// SPDX-License-Identifier: GPL-3.0-or-later

// lumber_send ships events with go-lumber's own client, so that a server meets a second
// implementation of the protocol. Events come from a file of JSON lines, sent byte for byte, or are
// made in the shape of a Beat. Prints one JSON object with what was acknowledged; exit code 0 only
// if that is everything.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/elastic/go-lumber/client/v2"
)

type settings struct {
	address     string
	ca          string
	cert        string
	key         string
	name        string
	mode        string
	inflight    int
	compression int
	batch       int
	connections int
	timeout     time.Duration
	file        string
	shape       string
	count       int
	tag         string
	dump        string
}

type summary struct {
	Events       int      `json:"events"`
	Acknowledged int      `json:"acknowledged"`
	Batches      int      `json:"batches"`
	Connections  int      `json:"connections"`
	Seconds      float64  `json:"seconds"`
	TLS          string   `json:"tls,omitempty"`
	Errors       []string `json:"errors,omitempty"`
}

// ledger gathers the results of all connections.
type ledger struct {
	sync.Mutex
	summary
}

func (l *ledger) acknowledge(events int, err error) {
	l.Lock()
	defer l.Unlock()
	l.Acknowledged += events
	if err != nil {
		l.Errors = append(l.Errors, err.Error())
	}
}

// raw hands an event that is JSON already to the frame as it stands.
func raw(event interface{}) ([]byte, error) { return event.([]byte), nil }

func main() {
	var s settings
	flag.StringVar(&s.address, "address", "127.0.0.1:5044", "host:port of the server")
	flag.StringVar(&s.ca, "ca", "", "CA certificate; turns TLS on")
	flag.StringVar(&s.cert, "cert", "", "client certificate")
	flag.StringVar(&s.key, "key", "", "client key")
	flag.StringVar(&s.name, "server-name", "localhost", "name expected in the server's certificate")
	flag.StringVar(&s.mode, "mode", "sync", "sync or async")
	flag.IntVar(&s.inflight, "inflight", 4, "batches under way on one async connection")
	flag.IntVar(&s.compression, "compression", 3, "zlib level; 0 sends plain frames")
	flag.IntVar(&s.batch, "batch", 512, "events in a batch")
	flag.IntVar(&s.connections, "connections", 1, "connections; events are dealt out in equal runs")
	flag.DurationVar(&s.timeout, "timeout", 30*time.Second, "of one read or write")
	flag.StringVar(&s.file, "file", "", "JSON lines to send; else events are made")
	flag.StringVar(&s.shape, "shape", "filebeat-8", "one of "+shapeNames())
	flag.IntVar(&s.count, "count", 1000, "events to make")
	flag.StringVar(&s.tag, "tag", "event", "start of each made message")
	flag.StringVar(&s.dump, "dump", "", "file that gets every event as a JSON line before it is sent")
	flag.Parse()

	sum, err := run(s)
	if err != nil {
		fmt.Fprintln(os.Stderr, "lumber_send:", err)
		os.Exit(2)
	}
	_ = json.NewEncoder(os.Stdout).Encode(sum)
	if sum.Acknowledged != sum.Events || len(sum.Errors) > 0 {
		os.Exit(1)
	}
}

func run(s settings) (*summary, error) {
	if s.batch < 1 || s.connections < 1 || (s.mode != "sync" && s.mode != "async") {
		return nil, fmt.Errorf("bad -batch, -connections or -mode")
	}
	events, err := load(s)
	if err != nil {
		return nil, err
	}
	if s.dump != "" {
		if err := write(s.dump, events); err != nil {
			return nil, err
		}
	}
	dial, err := dialer(s)
	if err != nil {
		return nil, err
	}

	l := &ledger{summary: summary{Events: len(events), Connections: s.connections}}
	start := time.Now()
	var senders sync.WaitGroup
	for i := 0; i < s.connections; i++ {
		share := events[len(events)*i/s.connections : len(events)*(i+1)/s.connections]
		senders.Add(1)
		go func() {
			defer senders.Done()
			send(s, dial, l, share)
		}()
	}
	senders.Wait()
	l.Seconds = time.Since(start).Seconds()
	return &l.summary, nil
}

func load(s settings) ([]interface{}, error) {
	if s.file == "" {
		return makeEvents(s.shape, s.tag, s.count)
	}
	f, err := os.Open(s.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var events []interface{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		if len(lines.Bytes()) > 0 {
			events = append(events, append([]byte(nil), lines.Bytes()...))
		}
	}
	return events, lines.Err()
}

func write(path string, events []interface{}) error {
	var lines []byte
	for _, e := range events {
		lines = append(append(lines, e.([]byte)...), '\n')
	}
	return os.WriteFile(path, lines, 0o644)
}

type dialFunc func(network, address string) (net.Conn, error)

func dialer(s settings) (dialFunc, error) {
	plain := &net.Dialer{Timeout: s.timeout}
	if s.ca == "" {
		return plain.Dial, nil
	}
	pem, err := os.ReadFile(s.ca)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: s.name}
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate", s.ca)
	}
	if s.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return nil, err
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return func(network, address string) (net.Conn, error) {
		return tls.DialWithDialer(plain, network, address, cfg)
	}, nil
}

func send(s settings, dial dialFunc, l *ledger, events []interface{}) {
	conn, err := dial("tcp", s.address)
	if err != nil {
		l.acknowledge(0, err)
		return
	}
	if t, ok := conn.(*tls.Conn); ok {
		l.Lock()
		l.TLS = tls.VersionName(t.ConnectionState().Version)
		l.Unlock()
	}
	client, err := v2.NewWithConn(conn, v2.CompressionLevel(s.compression), v2.Timeout(s.timeout),
		v2.JSONEncoder(raw))
	if err != nil {
		l.acknowledge(0, err)
		return
	}
	if s.mode == "sync" {
		sendSync(s, client, l, events)
	} else {
		sendAsync(s, client, l, events)
	}
}

// cut takes the next batch off the front.
func cut(s settings, l *ledger, events []interface{}) (batch, rest []interface{}) {
	n := min(s.batch, len(events))
	l.Lock()
	l.Batches++
	l.Unlock()
	return events[:n], events[n:]
}

func sendSync(s settings, client *v2.Client, l *ledger, events []interface{}) {
	c, _ := v2.NewSyncClientWith(client)
	defer c.Close()
	for len(events) > 0 {
		var batch []interface{}
		batch, events = cut(s, l, events)
		n, err := c.Send(batch)
		l.acknowledge(n, err)
		if err != nil {
			return
		}
	}
}

func sendAsync(s settings, client *v2.Client, l *ledger, events []interface{}) {
	c, _ := v2.NewAsyncClientWith(client, s.inflight)
	defer c.Close()
	var answers sync.WaitGroup
	for len(events) > 0 {
		var batch []interface{}
		batch, events = cut(s, l, events)
		answers.Add(1)
		err := c.Send(func(seq uint32, err error) {
			l.acknowledge(int(seq), err)
			answers.Done()
		}, batch)
		if err != nil {
			break
		}
	}
	answers.Wait()
}
