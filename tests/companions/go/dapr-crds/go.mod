module ottla.test/dapr-crds

go 1.25

require github.com/dapr/dapr v1.18.2
