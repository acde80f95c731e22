// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The virtmap.core contributors

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"regexp"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const prefix = "/_test/"

// The operation is the first element of the SOAP body.
var operation = regexp.MustCompile(`<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)`)

var (
	callsLock sync.Mutex
	calls     = []string{}
)

// counted writes down which operations are called, in order.
func counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/sdk" {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			if found := operation.FindSubmatch(body); found != nil {
				callsLock.Lock()
				calls = append(calls, string(found[1]))
				callsLock.Unlock()
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		next.ServeHTTP(w, r)
	})
}

// installControl adds routes for what the API of the simulator cannot do.
//
//	GET    /_test/calls                         the operations called so far, as a list
//	DELETE /_test/calls                         forget them
//	POST   /_test/move?vm=NAME&host=NAME        a vMotion: the machine's host, and the arrays of both hosts
//	POST   /_test/power?vm=NAME&state=STATE     poweredOn, poweredOff or suspended
//	POST   /_test/template?vm=NAME              make the machine a template
//	POST   /_test/orphan?vm=NAME                an orphaned machine, which has no config
//	POST   /_test/remove?vm=NAME                the machine is gone
//	POST   /_test/disconnect?host=NAME          a disconnected host, which has neither hardware nor config
func installControl(mux *http.ServeMux) {
	mux.HandleFunc(prefix+"calls", serveCalls)
	actions := map[string]func(*http.Request) error{
		"move": move, "power": power, "template": template, "orphan": orphan, "remove": remove, "disconnect": disconnect,
	}
	for name, action := range actions {
		action := action
		mux.HandleFunc(prefix+name, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				w.WriteHeader(http.StatusMethodNotAllowed)
			} else if err := action(r); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
			} else {
				w.WriteHeader(http.StatusNoContent)
			}
		})
	}
}

func serveCalls(w http.ResponseWriter, r *http.Request) {
	callsLock.Lock()
	defer callsLock.Unlock()
	if r.Method == http.MethodDelete {
		calls = []string{}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(calls); err != nil {
		log.Print(err)
	}
}

func find(r *http.Request, kind string, parameter string) (mo.Entity, error) {
	name := r.URL.Query().Get(parameter)
	for _, entity := range simulator.Map.All(kind) {
		if entity.Entity().Name == name {
			return entity, nil
		}
	}
	return nil, fmt.Errorf("there is no %s %q", parameter, name)
}

func machine(r *http.Request) (*simulator.VirtualMachine, error) {
	entity, err := find(r, "VirtualMachine", "vm")
	if err != nil {
		return nil, err
	}
	return entity.(*simulator.VirtualMachine), nil
}

func update(object mo.Reference, changes ...types.PropertyChange) {
	simulator.Map.WithLock(object, func() { simulator.Map.Update(object, changes) })
}

func move(r *http.Request) error {
	vm, err := machine(r)
	if err != nil {
		return err
	}
	entity, err := find(r, "HostSystem", "host")
	if err != nil {
		return err
	}
	target := entity.(*simulator.HostSystem)
	if vm.Runtime.Host != nil {
		source := simulator.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem)
		simulator.Map.RemoveReference(source, &source.Vm, vm.Self)
	}
	simulator.Map.AddReference(target, &target.Vm, vm.Self)
	update(vm, types.PropertyChange{Name: "runtime.host", Val: &target.Self})
	return nil
}

func power(r *http.Request) error {
	vm, err := machine(r)
	if err != nil {
		return err
	}
	state := types.VirtualMachinePowerState(r.URL.Query().Get("state"))
	update(vm, types.PropertyChange{Name: "runtime.powerState", Val: state})
	return nil
}

func template(r *http.Request) error {
	vm, err := machine(r)
	if err != nil {
		return err
	}
	update(vm,
		types.PropertyChange{Name: "runtime.powerState", Val: types.VirtualMachinePowerStatePoweredOff},
		types.PropertyChange{Name: "config.template", Val: true},
	)
	return nil
}

func orphan(r *http.Request) error {
	vm, err := machine(r)
	if err != nil {
		return err
	}
	simulator.Map.WithLock(vm, func() {
		vm.Config = nil
		vm.Summary.Config = types.VirtualMachineConfigSummary{Name: vm.Name}
		vm.Runtime.ConnectionState = types.VirtualMachineConnectionStateOrphaned
	})
	return nil
}

func remove(r *http.Request) error {
	vm, err := machine(r)
	if err != nil {
		return err
	}
	if vm.Runtime.Host != nil {
		host := simulator.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem)
		simulator.Map.RemoveReference(host, &host.Vm, vm.Self)
	}
	if vm.Parent != nil {
		if folder, fine := simulator.Map.Get(*vm.Parent).(*simulator.Folder); fine {
			simulator.Map.RemoveReference(folder, &folder.ChildEntity, vm.Self)
		}
	}
	simulator.Map.Remove(vm.Self)
	return nil
}

func disconnect(r *http.Request) error {
	entity, err := find(r, "HostSystem", "host")
	if err != nil {
		return err
	}
	host := entity.(*simulator.HostSystem)
	simulator.Map.WithLock(host, func() {
		host.Hardware = nil
		host.Config = nil
		host.Runtime.ConnectionState = types.HostSystemConnectionStateDisconnected
	})
	return nil
}
