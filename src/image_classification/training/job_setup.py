"""One training job, made ready: its images, its network, and what trains it."""

import copy
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from image_classification.data.augmentation import augmentation
from image_classification.data.dataset import Dataset, load_dataset
from image_classification.data.examples import read_examples
from image_classification.data.preparation import Preparation
from image_classification.failure import CustomerError
from image_classification.hyperparameters import Hyperparameters
from image_classification.log import TrainingLog
from image_classification.model_artifacts import Description
from image_classification.network.classifier import Classifier, channels_last, network, parameter_count
from image_classification.network.initial_model import InitialModel, initial_model, matched
from image_classification.network.model_folder import ModelFolder
from image_classification.paths import ContainerPaths
from image_classification.training.devices import Precision, claimed_device, precision_for
from image_classification.training.distributed.sharding import images_of_all, is_sharded, own_images
from image_classification.training.distributed.world import ALONE, World
from image_classification.training.epochs import Job
from image_classification.training.freed_memory import keep_freed_memory
from image_classification.training.optimizers import optimizer_for
from image_classification.training.recipe import Recipe, recipe_for
from image_classification.training.replicas import Replicas
from image_classification.training.schedules import criterion_for, schedule_for
from image_classification.training.seed import seed_from
from image_classification.training.trainer import Trainer, shuffled_batches, statistics

TOO_FEW = "The number of input images must be bigger or equal to the mini_batch_size."


@dataclass(frozen=True)
class Batches:
    """`mini_batch_size` is a host's, as with AWS: its GPUs share it, and more hosts make a larger batch."""

    of_process: int
    of_host: int
    of_all: int
    per_epoch: int

    @classmethod
    def of(cls, given: Hyperparameters, world: World) -> "Batches":
        of_host = given.mini_batch_size // world.hosts.processes * world.hosts.processes
        of_all = of_host * len(world.hosts.names)
        if of_host == 0 or given.num_training_samples < of_all:
            machines = f"{len(world.hosts.names)} hosts with {world.hosts.processes} processes each"
            samples = f"num_training_samples is {given.num_training_samples}"
            raise CustomerError(f"{TOO_FEW} It is {given.mini_batch_size}, for each of {machines}; {samples}.")
        return cls(of_host // world.hosts.processes, of_host, of_all, given.num_training_samples // of_all)


@dataclass(frozen=True)
class Preparations:
    """What the parts of a job are made from."""

    given: Hyperparameters
    paths: ContainerPaths
    log: TrainingLog
    world: World
    seed: int

    def dataset(self, channel: str) -> Dataset:
        given = self.given
        examples = read_examples(self.paths, channel, given.num_classes, given.multi_label, self.log.note)
        if is_sharded(self.paths, channel):
            examples = own_images(examples, channel, self.world)
        return load_dataset(channel, examples, Preparation(*given.image_shape, given.resize))

    def check_images(self, train: Dataset, validation: Dataset) -> None:
        counts = {
            dataset.channel: images_of_all(len(dataset), is_sharded(self.paths, dataset.channel), self.world)
            for dataset in (train, validation)
        }
        if counts["train"] < self.given.mini_batch_size:
            raise CustomerError(TOO_FEW)
        if not train:
            raise CustomerError(f"The train channel has no image for {self.world.hosts.current}; use fewer hosts.")
        self.log.note(f"Images: {counts['train']} for training, {counts['validation']} for validation.")
        if self.world.size > 1:
            self.log.note(f"This is {self.world.name}, which has {len(train)} and {len(validation)} of them.")

    def model(self, recipe: Recipe, train: Dataset, start: InitialModel | None) -> Classifier:
        """The same in every process."""
        torch.manual_seed(self.seed)
        layers = network(recipe.num_layers, self.given.image_shape[0], self.given.num_classes)
        model = Classifier(layers, *statistics(train), recipe.mirror_averaging)
        if start is not None:
            start.put_into(model, whole=not self.given.use_pretrained_model)
            self.log.note(f"Training begins with the weights of the model in {start.place}.")
        check_normalization(model, self.given)
        self.world.take_from_first([value for value in model.state_dict().values() if value.is_floating_point()])
        return channels_last(model)


def prepare_job(
    given: Hyperparameters,
    paths: ContainerPaths,
    log: TrainingLog,
    stopping: Callable[[], bool],
    world: World = ALONE,
) -> Job:
    start = initial_model(given, paths)
    given = matched(given, start)
    recipe, batches = recipe_for(given), Batches.of(given, world)
    preparations = Preparations(given, paths, log, world, seed_from(os.environ))
    train, validation = preparations.dataset("train"), preparations.dataset("validation")
    preparations.check_images(train, validation)
    keep_freed_memory()
    precision = precision_for(recipe.precision_dtype, claimed_device(world.hosts.process))
    model = preparations.model(recipe, train, start).to(precision.device)
    size = f"{parameter_count(model):,} parameters"
    log.note(f"Network: {describe(recipe)}, {size}, in {precision.note}, on {where(precision.device)}.")
    description = Description(given.num_classes, given.multi_label, train.preparation, recipe.num_layers)
    return Job(
        given=given,
        trainer=trainer_for(preparations, recipe, model, precision, train, stopping),
        validation=validation,
        validation_share=world.share(is_sharded(paths, "validation")),
        batches_per_epoch=batches.per_epoch,
        folder=ModelFolder(paths.model, description, given.checkpoint_frequency),
        log=log,
        is_smoothed=recipe.label_smoothing > 0,
    )


def trainer_for(
    preparations: Preparations,
    recipe: Recipe,
    model: Classifier,
    precision: Precision,
    train: Dataset,
    stopping: Callable[[], bool],
) -> Trainer:
    given, world, seed = preparations.given, preparations.world, preparations.seed
    batches = Batches.of(given, world)
    criterion = criterion_for(recipe, given, torch.from_numpy(train.labels)).to(precision.device)
    world.average(list(criterion.buffers()))  # where a channel is sharded, hosts have seen other labels
    sharded = is_sharded(preparations.paths, "train")
    size = batches.of_host if sharded else batches.of_all
    return Trainer(
        replicas=Replicas(model, criterion, precision.autocast, batches.of_process, torch.get_num_threads()),
        optimizer=optimizer_for(model, recipe, given),
        schedule=schedule_for(recipe, given, batches.per_epoch),
        dataset=train,
        augment=augmentation(recipe.augmentation, train.preparation),
        batches=shuffled_batches(len(train), size, np.random.default_rng(seed), world.share(sharded)),
        generator=np.random.default_rng([seed, world.rank]),
        precision=precision,
        stopping=stopping,
        world=world,
    )


def check_normalization(model: Classifier, given: Hyperparameters) -> None:
    """A batch of one image, small enough to end as one pixel, has no deviation that it could be divided by."""
    if given.mini_batch_size > 1:
        return
    channels, height, width = given.image_shape
    try:
        copy.deepcopy(model).train()(torch.zeros(1, height, width, channels, dtype=torch.uint8))
    except ValueError as error:
        raise CustomerError(
            "The value '1' of the 'mini_batch_size' hyperparameter is too small for this network and image_shape: "
            "batch normalization needs at least 2."
        ) from error


def describe(recipe: Recipe) -> str:
    return "the default for small images" if recipe.num_layers is None else f"ResNet-{recipe.num_layers}"


def where(device: torch.device) -> str:
    if device.type == "cuda":
        return f"GPU {device.index} ({torch.cuda.get_device_name(device)})"
    return f"{torch.get_num_threads()} CPU threads"
