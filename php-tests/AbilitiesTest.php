<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use WP_Codebox_Ability;
use WP_Codebox_API;

/**
 * What is registered is what the extension describes.
 */
final class AbilitiesTest extends SiteTestCase {

	public function test_every_row_is_an_ability(): void {
		$names = array_column( WP_Codebox_API::abilities(), 'name' );
		self::assertContains( 'wp-codebox/run-agent-task', $names );
		self::assertContains( 'wp-codebox/list-artifacts', $names );
		self::assertContains( 'wp-codebox/get-artifact', $names );

		$registered = array_keys( wp_get_abilities( array( 'category' => 'wp-codebox' ) ) );
		self::assertEqualsCanonicalizing( $names, $registered );
		self::assertTrue( wp_has_ability_category( 'wp-codebox' ) );
	}

	public function test_an_ability_says_what_its_row_says(): void {
		foreach ( WP_Codebox_API::abilities() as $row ) {
			$ability = wp_get_ability( $row['name'] );
			self::assertInstanceOf( WP_Codebox_Ability::class, $ability );
			self::assertSame( $row['label'], $ability->get_label() );
			self::assertSame( $row['description'], $ability->get_description() );
			self::assertSame( 'wp-codebox', $ability->get_category() );
			// As JSON: an empty object is a new one each time.
			self::assertSame( json_encode( $row['input_schema'] ), json_encode( $ability->get_input_schema() ) );
			self::assertSame( json_encode( $row['output_schema'] ), json_encode( $ability->get_output_schema() ) );
			self::assertSame( $row['meta']['show_in_rest'], $ability->get_meta_item( 'show_in_rest' ) );
			foreach ( array( 'readonly', 'destructive', 'idempotent' ) as $annotation ) {
				self::assertIsBool( $ability->get_meta_item( 'annotations' )[ $annotation ], $row['name'] );
			}
			self::assertFalse( $ability->get_input_schema()['additionalProperties'], $row['name'] );
		}
	}

	public function test_an_alias_names_what_it_stands_for(): void {
		$alias = wp_get_ability( 'wp-codebox/run-sandbox-task' );
		self::assertSame( 'wp-codebox/run-agent-task', $alias->get_meta_item( 'canonical_ability' ) );
		self::assertSame( wp_get_ability( 'wp-codebox/run-agent-task' )->get_input_schema(), $alias->get_input_schema() );
		self::assertNull( wp_get_ability( 'wp-codebox/run-agent-task' )->get_meta_item( 'canonical_ability' ) );
	}

	public function test_schemas_are_ones_that_wordpress_understands(): void {
		foreach ( WP_Codebox_API::abilities() as $row ) {
			// An unknown keyword or a missing type is a _doing_it_wrong, hence an exception here.
			rest_validate_value_from_schema( array(), $row['input_schema'], 'input' );
			rest_sanitize_value_from_schema( array(), $row['input_schema'], 'input' );
			self::assert_typed( $row['input_schema'], $row['name'] );
			self::assert_typed( $row['output_schema'], $row['name'] );
		}
	}

	public function test_a_plugin_may_add_rules_of_its_own(): void {
		$add = static fn( $verdict, $input, $name ) => 'wp-codebox/list-artifacts' === $name ? new \WP_Error( 'mine', 'Not today.' ) : $verdict;
		add_filter( 'wp_ability_validate_input', $add, 10, 3 );
		self::assertSame( 'mine', wp_get_ability( 'wp-codebox/list-artifacts' )->execute()->get_error_code() );
		self::assertSame( 'wp-codebox/runtime-descriptor/v1', wp_get_ability( 'wp-codebox/runtime-descriptor' )->execute()['schema'] );
	}

	/**
	 * @param array<string, mixed> $schema A JSON schema.
	 */
	private static function assert_typed( array $schema, string $where ): void {
		self::assertTrue( isset( $schema['type'] ) || isset( $schema['anyOf'] ) || isset( $schema['oneOf'] ) || isset( $schema['allOf'] ), "$where has no type" );
		foreach ( $schema['properties'] ?? array() as $name => $property ) {
			self::assert_typed( $property, "$where.$name" );
		}
		if ( isset( $schema['items'] ) ) {
			self::assert_typed( $schema['items'], "$where.items" );
		}
		if ( is_array( $schema['additionalProperties'] ?? null ) ) {
			self::assert_typed( $schema['additionalProperties'], "$where.*" );
		}
	}
}
