package rules

// Empty reports whether there is nothing, or what a provider fills in for nothing: false, zero, an empty text, list or object.
func (v Value) Empty() bool {
	if !v.exists {
		return true
	}
	h := v.holds
	return h.IsBool() && !h.AsBool() || h.IsNumber() && h.AsNumber() == 0 || h.IsString() && h.AsString() == "" ||
		h.IsArray() && h.AsArray().Len() == 0 || h.IsMap() && h.AsMap().Len() == 0
}
