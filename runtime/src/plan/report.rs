//! A plan for other programs: as serde's data model has it.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::Plan;
use crate::tables::{Kind, Table};

/// All that a plan says, its lists among it. `training`, `evaluation`, `inference` and `store_all` are what the buffers
/// of those programs take; the gradients of parameters come on top of the first two and the last. `host` is what training
/// takes in the memory of the host.
impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut plan = serializer.serialize_struct("Plan", 24)?;
        plan.serialize_field("name", self.name)?;
        plan.serialize_field("training", &self.train.bytes)?;
        plan.serialize_field("evaluation", &self.evaluate.bytes)?;
        plan.serialize_field("inference", &self.forward.bytes)?;
        plan.serialize_field("store_all", &self.store_all)?;
        plan.serialize_field("host", &self.host)?;
        plan.serialize_field("gradient_bytes", &self.gradient_bytes)?;
        plan.serialize_field("parameter_bytes", &self.parameter_bytes)?;
        plan.serialize_field("peak", &self.peak)?;
        plan.serialize_field("memory_savings", &self.memory_savings())?;
        plan.serialize_field("compute_overhead", &self.compute_overhead())?;
        plan.serialize_field("time_overhead", &self.time_overhead())?;
        plan.serialize_field("fragmentation", &self.fragmentation())?;
        plan.serialize_field("forward_flops", &self.forward_flops)?;
        plan.serialize_field("backward_flops", &self.backward_flops)?;
        plan.serialize_field("recompute_flops", &self.recompute_flops)?;
        plan.serialize_field("forward_time", &self.forward_time)?;
        plan.serialize_field("backward_time", &self.backward_time)?;
        plan.serialize_field("recompute_time", &self.recompute_time)?;
        plan.serialize_field("stages", &self.stages)?;
        plan.serialize_field("segments", &self.segments)?;
        plan.serialize_field("kept", &self.kept)?;
        plan.serialize_field("recomputed", &self.recomputed)?;
        plan.serialize_field("notes", self.notes)?;
        plan.end()
    }
}

impl<T: Kind + Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
