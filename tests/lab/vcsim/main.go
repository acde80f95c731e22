// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The virtmap.core contributors

// Command vcsim is govmomi's vCenter simulator as a program. Debian ships the simulator as a library only, and an old
// one: what it lacks for our tests (pages, host names, states that its API cannot reach) is added here.
//
// It prints one line of JSON with its address once it listens, and ends at SIGTERM.
package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

func main() {
	model := simulator.VPX()
	flag.IntVar(&model.Datacenter, "datacenters", model.Datacenter, "datacenters")
	flag.IntVar(&model.Cluster, "clusters", model.Cluster, "clusters per datacenter")
	flag.IntVar(&model.ClusterHost, "hosts", model.ClusterHost, "hosts per cluster")
	flag.IntVar(&model.Host, "standalone-hosts", model.Host, "hosts per datacenter outside clusters")
	flag.IntVar(&model.Machine, "vms", model.Machine, "machines per cluster and per host outside clusters")
	flag.IntVar(&model.Folder, "folders", model.Folder, "folders of each kind per datacenter")
	esx := flag.Bool("esx", false, "one ESXi instead of a vCenter")
	pages := flag.Bool("pages", false, "obey maxObjects, as a real server does")
	certificate := flag.String("cert", "", "certificate for TLS, PEM; without it plain HTTP")
	key := flag.String("key", "", "its key, PEM")
	idle := flag.Duration("idle", 0, "how long a session may be idle")
	user := flag.String("user", "", "the only user; without it any will do")
	password := flag.String("password", "", "its password")
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	flag.Parse()

	if *esx {
		single := simulator.ESX()
		single.Machine = model.Machine
		model = single
	}
	simulator.SessionIdleTimeout = *idle
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	defer model.Remove()
	nameHosts()
	if *pages {
		installPages()
	}
	model.Service.Listen = &url.URL{Host: *listen}
	if *user != "" {
		model.Service.Listen.User = url.UserPassword(*user, *password)
	}
	if *certificate != "" {
		pair, err := tls.LoadX509KeyPair(*certificate, *key)
		if err != nil {
			log.Fatal(err)
		}
		model.Service.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	model.Service.ServeMux = http.NewServeMux()
	installControl(model.Service.ServeMux)
	server := model.Service.NewServer()
	server.Config.Handler = counted(server.Config.Handler)
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"address": server.Listener.Addr().String()}); err != nil {
		log.Fatal(err)
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
}

// nameHosts gives each host a DNS name of its own: in the simulator all of them are localhost.localdomain.
func nameHosts() {
	for _, entity := range simulator.Map.All("HostSystem") {
		host := entity.(*simulator.HostSystem)
		network := *host.Config.Network
		network.DnsConfig = &types.HostDnsConfig{HostName: host.Name, DomainName: "example.com"}
		config := *host.Config
		config.Network = &network
		host.Config = &config
	}
}
