package config

// RotationDueDays is after how many days a credential should be rotated.
const RotationDueDays = 90

// KeepDueDays is for how many days after a rotation the value before it may stay valid.
const KeepDueDays = 7
