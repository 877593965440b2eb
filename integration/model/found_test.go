package model

import (
	"testing"
	"time"
)

// Conversations that were printed by a run with a difference go here, each with
// a sentence about what was wrong. These were found in code that had been broken
// on purpose (integration/mutants).

// The timer of an item that MDEL cut off rang for the new item of its key.
func TestFoundTimerOfADetachedItem(t *testing.T) {
	t.Parallel()
	replay(t, inProcess, limits{maxKey: 8, maxValue: 60, compression: 30, maxTTL: 100}, []step{
		{kind: request, op: opSet, payload: "1 k v"},
		{kind: request, op: opMDel, payload: "k"},
		{kind: request, op: opSet, payload: "0 k w"},
		{kind: advance, after: time.Second},
		{kind: request, op: opGet, payload: "k"},
	})
}

// A refused MGET moved the access times of the items that it had looked at.
func TestFoundRefusedMGetIsNoAccess(t *testing.T) {
	t.Parallel()
	replay(t, overSocket, limits{maxKey: 8, maxValue: 200, compression: 1000, maxTTL: 100, maxResponse: 200}, []step{
		{kind: request, op: opSet, payload: "0 ka v"},
		{kind: request, op: opSet, payload: "0 kb " + noise[:190]},
		{kind: advance, after: 5 * time.Second},
		{kind: request, op: opMGet, payload: "k"},
		{kind: request, op: opMeta, payload: "ka access"},
	})
}

// A text of a word and many zeros was held for one that is not compressed: the
// model's mistake, for the protocol leaves that to the algorithm.
func TestFoundSizeThatTheAlgorithmDecides(t *testing.T) {
	t.Parallel()
	replay(t, inProcess, limits{maxKey: 300, maxValue: 400, compression: 30, maxTTL: 100}, []step{
		{kind: request, op: opSet, payload: "1 2 i 000000000000000000000000000000"},
		{kind: request, op: opMeta, payload: "2 size"},
		{kind: request, op: opMeta, payload: "2 encoding"},
	})
}
