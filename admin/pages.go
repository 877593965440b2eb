package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// health answers that the process can answer.
func (h *Handler) health(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }

// ready answers whether clients are served.
func (h *Handler) ready(w http.ResponseWriter, _ *http.Request) {
	if h.opts.Ready != nil {
		if err := h.opts.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ok")
}

func (h *Handler) stats(w http.ResponseWriter, _ *http.Request) {
	f, err := h.figures()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	h.writeJSON(w, struct {
		Figures
		Uptime float64 `json:"uptime_seconds"`
	}{f, time.Since(f.Started).Seconds()})
}

func (h *Handler) clients(w http.ResponseWriter, _ *http.Request) {
	list := h.opts.Target.Clients()
	if list == nil {
		list = []Client{}
	}
	h.writeJSON(w, list)
}

func (h *Handler) slowLog(w http.ResponseWriter, _ *http.Request) {
	h.writeJSON(w, h.opts.SlowLog.Entries())
}

// kill closes one connection.
func (h *Handler) kill(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.FormValue("id"), 10, 64)
	if err != nil {
		http.Error(w, "want id=N, with a number from /clients.json", http.StatusBadRequest)
		return
	}
	if !h.opts.Target.Kill(id) {
		http.Error(w, "no such client", http.StatusNotFound)
		return
	}
	h.log.Warn("admin: client killed", "id", id, "by", r.RemoteAddr)
	h.writeJSON(w, map[string]int64{"killed": id})
}

func (h *Handler) resetSlowLog(w http.ResponseWriter, r *http.Request) {
	n := h.opts.SlowLog.Reset()
	h.log.Info("admin: slow log reset", "by", r.RemoteAddr)
	h.writeJSON(w, map[string]int{"forgotten": n})
}

// flush deletes everything, if the request says so a second time.
func (h *Handler) flush(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("confirm") != "flush" {
		http.Error(w, "this deletes every item: want confirm=flush", http.StatusBadRequest)
		return
	}
	n, err := h.opts.Target.Flush()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	h.log.Warn("admin: all items deleted", "items", n, "by", r.RemoteAddr)
	h.writeJSON(w, map[string]int64{"deleted": n})
}

// snapshot asks for a snapshot.
func (h *Handler) snapshot(w http.ResponseWriter, r *http.Request) {
	if h.opts.Snapshot == nil {
		http.Error(w, "this server writes no snapshots", http.StatusNotFound)
		return
	}
	if err := h.opts.Snapshot(); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	h.log.Info("admin: a snapshot is wanted", "by", r.RemoteAddr)
	h.writeJSON(w, map[string]bool{"asked": true})
}

// writeJSON writes v, which can be encoded.
func (h *Handler) writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		h.log.Debug("admin: an answer was not written", "err", err)
	}
}
