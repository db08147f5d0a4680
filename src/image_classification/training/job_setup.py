"""Set-up of a training job: its images, its network, its optimizer, put together as a TrainingRun."""

import copy
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from image_classification.data.augmentation import augmentation
from image_classification.data.dataset import Dataset, channel_statistics, load_dataset
from image_classification.data.examples import read_examples
from image_classification.data.preparation import Preparation
from image_classification.failure import CustomerError
from image_classification.hyperparameters import Hyperparameters
from image_classification.log import TrainingLog
from image_classification.model_artifacts import Description
from image_classification.network.classifier import Classifier, channels_last, parameter_count
from image_classification.network.initial_model import copy_weights, initial_model, matched_hyperparameters
from image_classification.network.model_folder import ModelFolder
from image_classification.network.resnets import network
from image_classification.network.weight_files import StoredModel
from image_classification.paths import ContainerPaths
from image_classification.training.batches import shuffled_batches
from image_classification.training.devices import Precision, claimed_device, precision_for
from image_classification.training.distributed.sharding import images_of_all, is_sharded, own_images
from image_classification.training.distributed.world import ALONE, World
from image_classification.training.epochs import TrainingRun
from image_classification.training.freed_memory import keep_freed_memory
from image_classification.training.optimizers import optimizer_for
from image_classification.training.recipe import Recipe, recipe_for
from image_classification.training.replicas import Replicas
from image_classification.training.schedules import criterion_for, schedule_for
from image_classification.training.seed import seed_from
from image_classification.training.trainer import Trainer

TOO_FEW = "The number of input images must be bigger or equal to the mini_batch_size."


@dataclass(frozen=True)
class BatchSizes:
    """Sizes of a batch. `mini_batch_size` is that of a host, as on AWS: its GPUs divide it, more hosts enlarge it."""

    process_size: int
    host_size: int
    total_size: int
    per_epoch: int

    @classmethod
    def of(cls, hyperparameters: Hyperparameters, world: World) -> "BatchSizes":
        host_size = hyperparameters.mini_batch_size // world.hosts.processes * world.hosts.processes
        total_size = host_size * len(world.hosts.names)
        if host_size == 0 or hyperparameters.num_training_samples < total_size:
            machines = f"{len(world.hosts.names)} hosts with {world.hosts.processes} processes each"
            samples = f"num_training_samples is {hyperparameters.num_training_samples}"
            raise CustomerError(
                f"{TOO_FEW} It is {hyperparameters.mini_batch_size}, for each of {machines}; {samples}."
            )
        return cls(
            host_size // world.hosts.processes,
            host_size,
            total_size,
            hyperparameters.num_training_samples // total_size,
        )


@dataclass(frozen=True)
class JobSetup:
    """The inputs of a job, and the parts that are built from them."""

    hyperparameters: Hyperparameters
    paths: ContainerPaths
    log: TrainingLog
    world: World
    seed: int

    def dataset(self, channel: str) -> Dataset:
        hyperparameters = self.hyperparameters
        examples = read_examples(
            self.paths, channel, hyperparameters.num_classes, hyperparameters.multi_label, self.log.note
        )
        if is_sharded(self.paths, channel):
            examples = own_images(examples, channel, self.world)
        return load_dataset(channel, examples, Preparation(*hyperparameters.image_shape, hyperparameters.resize))

    def check_images(self, train: Dataset, validation: Dataset) -> None:
        counts = {
            dataset.channel: images_of_all(len(dataset), is_sharded(self.paths, dataset.channel), self.world)
            for dataset in (train, validation)
        }
        if counts["train"] < self.hyperparameters.mini_batch_size:
            raise CustomerError(TOO_FEW)
        if not train:
            raise CustomerError(f"The train channel has no image for {self.world.hosts.current}; use fewer hosts.")
        self.log.note(f"Images: {counts['train']} for training, {counts['validation']} for validation.")
        if self.world.size > 1:
            self.log.note(f"This is {self.world.name}, which has {len(train)} and {len(validation)} of them.")

    def model(self, recipe: Recipe, train: Dataset, stored: StoredModel | None) -> Classifier:
        """Build the model, equal in every process."""
        torch.manual_seed(self.seed)
        layers = network(recipe.num_layers, self.hyperparameters.image_shape[0], self.hyperparameters.num_classes)
        mean, deviation = map(torch.from_numpy, channel_statistics(train))
        model = Classifier(layers, mean, deviation, recipe.mirror_averaging)
        if stored is not None:
            copy_weights(stored, model, with_last_layer=not self.hyperparameters.use_pretrained_model)
            self.log.note(f"Training begins with the weights of the model in {stored.place}.")
        check_normalization(model, self.hyperparameters)
        self.world.take_from_first([value for value in model.state_dict().values() if value.is_floating_point()])
        return channels_last(model)


def prepare_run(
    hyperparameters: Hyperparameters,
    paths: ContainerPaths,
    log: TrainingLog,
    stopping: Callable[[], bool],
    world: World = ALONE,
) -> TrainingRun:
    """Read the images and build everything that training needs. Raises ContainerError."""
    stored = initial_model(hyperparameters, paths)
    hyperparameters = matched_hyperparameters(hyperparameters, stored)
    recipe, batches = recipe_for(hyperparameters), BatchSizes.of(hyperparameters, world)
    setup = JobSetup(hyperparameters, paths, log, world, seed_from(os.environ))
    train, validation = setup.dataset("train"), setup.dataset("validation")
    setup.check_images(train, validation)
    keep_freed_memory()
    precision = precision_for(recipe.precision_dtype, claimed_device(world.hosts.process))
    model = setup.model(recipe, train, stored).to(precision.device)
    size = f"{parameter_count(model):,} parameters"
    log.note(f"Network: {describe(recipe)}, {size}, in {precision.note}, on {where(precision.device)}.")
    description = Description(
        hyperparameters.num_classes, hyperparameters.multi_label, train.preparation, recipe.num_layers
    )
    return TrainingRun(
        hyperparameters=hyperparameters,
        trainer=trainer_for(setup, recipe, model, precision, train, stopping),
        validation=validation,
        validation_share=world.share(is_sharded(paths, "validation")),
        batches_per_epoch=batches.per_epoch,
        folder=ModelFolder(paths.model, description, hyperparameters.checkpoint_frequency),
        log=log,
        is_smoothed=recipe.label_smoothing > 0,
    )


def trainer_for(
    setup: JobSetup,
    recipe: Recipe,
    model: Classifier,
    precision: Precision,
    train: Dataset,
    stopping: Callable[[], bool],
) -> Trainer:
    hyperparameters, world, seed = setup.hyperparameters, setup.world, setup.seed
    batches = BatchSizes.of(hyperparameters, world)
    criterion = criterion_for(recipe, hyperparameters, torch.from_numpy(train.labels)).to(precision.device)
    world.average(list(criterion.buffers()))  # hosts of a sharded channel have different labels
    sharded = is_sharded(setup.paths, "train")
    size = batches.host_size if sharded else batches.total_size
    return Trainer(
        replicas=Replicas(model, criterion, precision.autocast, batches.process_size, torch.get_num_threads()),
        optimizer=optimizer_for(model, recipe, hyperparameters),
        schedule=schedule_for(recipe, hyperparameters, batches.per_epoch),
        dataset=train,
        augment=augmentation(recipe.augmentation, train.preparation),
        batches=shuffled_batches(len(train), size, np.random.default_rng(seed), world.share(sharded)),
        generator=np.random.default_rng([seed, world.rank]),
        precision=precision,
        stopping=stopping,
        world=world,
    )


def check_normalization(model: Classifier, hyperparameters: Hyperparameters) -> None:
    """Raise CustomerError if batch normalization would get a single value: one image, reduced to one pixel."""
    if hyperparameters.mini_batch_size > 1:
        return
    channels, height, width = hyperparameters.image_shape
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
