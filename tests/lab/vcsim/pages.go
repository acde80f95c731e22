// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The virtmap.core contributors

package main

import (
	"strconv"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// pagingCollector hands out at most maxObjects objects at once and keeps the others under a token.
type pagingCollector struct {
	simulator.PropertyCollector
}

type unread struct {
	objects []types.ObjectContent
	size    int
}

// The simulator makes a fresh copy of the collector for each session, so what is unread lives outside of it.
var (
	unreadLock sync.Mutex
	unreadLast int
	unreadBy   = map[string]unread{}
)

func installPages() {
	instance := simulator.Map.Get(vim25.ServiceInstance).(*simulator.ServiceInstance)
	collector := &pagingCollector{}
	collector.Self = instance.Content.PropertyCollector
	simulator.Map.Put(collector)
}

func firstPage(all unread) *types.RetrieveResult {
	if all.size <= 0 || len(all.objects) <= all.size {
		return &types.RetrieveResult{Objects: all.objects}
	}
	unreadLock.Lock()
	defer unreadLock.Unlock()
	unreadLast++
	token := strconv.Itoa(unreadLast)
	unreadBy[token] = unread{all.objects[all.size:], all.size}
	return &types.RetrieveResult{Token: token, Objects: all.objects[:all.size]}
}

func takeUnread(token string) (unread, bool) {
	unreadLock.Lock()
	defer unreadLock.Unlock()
	rest, there := unreadBy[token]
	delete(unreadBy, token)
	return rest, there
}

// RetrievePropertiesEx answers the first page.
func (c *pagingCollector) RetrievePropertiesEx(ctx *simulator.Context, r *types.RetrievePropertiesEx) soap.HasFault {
	answer := c.PropertyCollector.RetrievePropertiesEx(ctx, r)
	if body, fine := answer.(*methods.RetrievePropertiesExBody); fine && body.Res != nil && body.Res.Returnval != nil {
		body.Res.Returnval = firstPage(unread{body.Res.Returnval.Objects, int(r.Options.MaxObjects)})
	}
	return answer
}

// ContinueRetrievePropertiesEx answers the next page, once.
func (c *pagingCollector) ContinueRetrievePropertiesEx(r *types.ContinueRetrievePropertiesEx) soap.HasFault {
	body := &methods.ContinueRetrievePropertiesExBody{}
	rest, there := takeUnread(r.Token)
	if !there {
		body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "token"})
		return body
	}
	body.Res = &types.ContinueRetrievePropertiesExResponse{Returnval: *firstPage(rest)}
	return body
}

// CancelRetrievePropertiesEx forgets what is unread.
func (c *pagingCollector) CancelRetrievePropertiesEx(r *types.CancelRetrievePropertiesEx) soap.HasFault {
	body := &methods.CancelRetrievePropertiesExBody{}
	if _, there := takeUnread(r.Token); there {
		body.Res = &types.CancelRetrievePropertiesExResponse{}
	} else {
		body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "token"})
	}
	return body
}
