import fc from 'fast-check';

// That a story fails is all that a mutant asks of it: to shrink it would take minutes.
fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
